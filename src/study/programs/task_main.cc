#include "study/programs/task_helper.h"

int main(int argc, char** argv) {
  return joulebook::run_task_program(argc, argv, joulebook::all_task_verbs());
}
