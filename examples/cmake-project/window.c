/* A window around a function, from C: prints the window's JSON. */
#include <joulebook/joulebook.h>
#include <stdio.h>
#include <stdlib.h>

static double work(void) {
  double sum = 0;
  int i;
  for (i = 1; i < 50000000; ++i) sum += 1.0 / ((double)i * i);
  return sum;
}

static int give_up(void) {
  fprintf(stderr, "%s\n", joulebook_last_error()); /* {"code", "message", "cure"} */
  return 1;
}

int main(void) {
  char options[4200];
  const char* root = getenv("JOULEBOOK_SYSROOT");
  joulebook_session* session;
  char* json;
  double sum;

  if (joulebook_abi_version() != JOULEBOOK_ABI_VERSION) return 1;
  snprintf(options, sizeof options, "{\"period_ms\": 5, \"sysroot\": \"%s\"}", root ? root : "");
  session = joulebook_open(options);
  if (session == NULL) return give_up();

  if (joulebook_begin(session, "work") != 0) return give_up();
  sum = work();
  if (joulebook_end(session, "work") != 0) return give_up();

  json = joulebook_window_json(session, "work");
  if (json == NULL) return give_up();
  fprintf(stderr, "the sum is %.6f\n", sum);
  puts(json);
  joulebook_free_string(json);
  joulebook_close(session);
  return 0;
}
