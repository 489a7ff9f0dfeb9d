#ifndef JOULEBOOK_JOULEBOOK_H
#define JOULEBOOK_JOULEBOOK_H
/* Joulebook's C interface. Integers and UTF-8 strings only; no exception leaves it.
 *
 * Functions that return int give 0 on success, else the exit code that the failure would end the
 * program with (2 usage, 3 input, 4 no reading, 5 engine, 6 resource); those that return a pointer
 * give NULL on failure. joulebook_last_error() then says why, for the calling thread.
 *
 * Threads: a session may be used from several threads; joulebook_run from one at a time in a
 * process. joulebook_close must be the last call on its session.
 * Strings returned as char* belong to the caller: joulebook_free_string. */
#include <stddef.h>

#define JOULEBOOK_ABI_VERSION 1

#ifdef __cplusplus
extern "C" {
#endif

typedef struct joulebook_session joulebook_session;

/* The ABI of the library that is loaded; compare with JOULEBOOK_ABI_VERSION. */
int joulebook_abi_version(void);
/* "0.1.0 (commit)". Lives for ever. */
const char* joulebook_version(void);

/* Opens a session and starts to measure. options_json: NULL, or an object with any of
 *   "sysroot": text, "sensors": [ids or prefixes], "period_ms": number, "record": path,
 *   "replay": path, "devices": [names], "pids": [numbers], "port": number, "all": bool,
 *   "vendor_libraries": bool, "machine_model": bool, "perf": bool (perf_event; absent: on unless
 *   there is a sysroot), "calibration": path. An unknown member is refused.
 * Of "pids", "port" and "all" at most one: the measured processes are those and all that hang from
 * them, those who listen on the TCP port (through containers, too), or nobody in particular. */
joulebook_session* joulebook_open(const char* options_json);
/* Stops and frees. NULL is allowed. */
void joulebook_close(joulebook_session* session);

/* A region of that name; may overlap with others. */
int joulebook_begin(joulebook_session* session, const char* name);
int joulebook_end(joulebook_session* session, const char* name);
/* A window of that name from here until the next mark or the end. */
int joulebook_mark(joulebook_session* session, const char* name);
/* Ends the window that the lap before ended at (the first: the session's opening) and gives it that
 * name. Laps share their edges, so their energies add up to that of their union. From the first
 * lap on, the report's window ends with the last one. */
int joulebook_lap(joulebook_session* session, const char* name);
/* The newest region or lap of that name that has ended, as an item of the run's "windows"
 * (docs/formats/run.md), and "devices". Waits until its last edge is settled, at most three ticks
 * of the slowest sensor (3 s). Fails (2, "region.unknown") where none has ended. */
char* joulebook_window_json(joulebook_session* session, const char* name);

/* Runs argv[0..argc) inside a window. outcome_json (may be NULL) receives
 *   {"exit_code", "started", "problem", "user_s", "system_s", "max_rss_bytes"}.
 * A command that cannot be started is a success with exit_code 126 or 127. */
int joulebook_run(joulebook_session* session, int argc, const char* const* argv,
                  int stdout_to_stderr, char** outcome_json);

/* Whom the session attached to: the run's "target", and "alive", how many still run. */
char* joulebook_watched_json(joulebook_session* session);

/* The run's JSON. May be called more than once. */
char* joulebook_report_json(joulebook_session* session);
/* What the session reads, and what is missing with its cure. */
char* joulebook_sensors_json(joulebook_session* session);
/* The calling thread is the observer's own. */
int joulebook_register_self_thread(joulebook_session* session);

/* From inside a measured command: the mark of that name at this very instant, sent to the session
 * that the environment variable JOULEBOOK_MARK names. name: at most 200 bytes. */
int joulebook_mark_send(const char* name);

void joulebook_free_string(char* text);
/* Of this thread's last failed call: {"code", "message", "cure", "exit_code"} as JSON; valid until
 * the thread's next call. Never NULL. */
const char* joulebook_last_error(void);

#ifdef __cplusplus
}
#endif
#endif
