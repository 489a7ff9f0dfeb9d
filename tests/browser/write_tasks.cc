// The page of `study tasks` beside its JSON, of a result by hand or of one that a file holds.
//   write_tasks DIR [JSON]
#include <cstdio>
#include <string>

#include "core/file_tree.h"
#include "fakes/sample_tasks.h"
#include "report/tasks_page.h"

int main(int argc, char** argv) {
  using namespace joulebook;
  if (argc < 2) return 2;
  Json document = to_json(fakes::sample_tasks());
  if (argc > 2) {
    const auto text = read_file(argv[2]);
    const auto parsed = text ? parse_json(*text) : Result<Json>(fail(text.error()));
    if (!parsed) {
      std::fprintf(stderr, "%s\n", parsed.error().message.c_str());
      return 3;
    }
    document = *parsed;
  }
  const std::string folder(argv[1]);
  return write_file(folder + "/tasks.json", document.dump(2) + "\n") &&
                 write_file(folder + "/tasks.html", tasks_page(document))
             ? 0
             : 1;
}
