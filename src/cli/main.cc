#include "cli/parse.h"

int main(int argc, char** argv) { return joulebook::run_command_line(argc, argv); }
