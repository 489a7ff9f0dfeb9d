#pragma once
// The command line. The only place that knows CLI11.
namespace joulebook {

// Parses and runs; returns the exit code.
int run_command_line(int argc, char** argv);

}  // namespace joulebook
