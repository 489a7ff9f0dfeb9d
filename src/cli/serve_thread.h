#pragma once
// How the threads of `serve` stand to each other and to the machine.
#include <memory>

#include "export/sink.h"
#include "meter/meter.h"

namespace joulebook {

// For the calling thread, which settles: it has a second's time, and traffic has none. Weaker than
// others, never first to be woken, and (Linux 6.12 on) its long slice yields to whoever asks for a
// shorter one. Where the kernel refuses, nothing changes. Processes started by the thread inherit it.
void give_way_to_traffic();

// For the calling thread: it runs where the machine has nothing else to do, and every other thread takes
// its place at once; until it ends it rests now and then (breathe()), for who waits behind another on another
// core. Where the kernel refuses, nothing changes. An ordinary user cannot take it back.
void take_what_is_left();

// What a second's settling needs is needed again in the next one: it is not given back between. And a
// thread's room is asked for at once: it would grow page by page, each time under the lock of all the
// process's memory, and who settles may be put aside while others wait for that. For the whole process,
// before its threads; glibc alone.
void keep_memory();

// http_transport(), whose threads are Joulebook's own from their first row on: the observer pays.
// `meter` outlives it.
[[nodiscard]] std::unique_ptr<Transport> paid_transport(Meter& meter);

}  // namespace joulebook
