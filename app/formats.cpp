// rangewatch formats: the input formats that are built in.
#include "format/format.h"

#include "command.h"
#include "flags.h"
#include "listing.h"

namespace rw {
namespace {

Result<int> run(const Arguments& args, Console& console) {
  AnswerWriter writer = listing_writer(args, console);
  const bool table = args.get(flags::kFormat) == "table";
  std::vector<AnswerColumn> columns{{"name", "", false}, {"title", "", false}, {"tables", "", false}};
  // The paragraph about each is too long for a table.
  if (!table) columns.push_back({"doc", "", false});
  writer.begin(std::move(columns));
  const auto text = [](std::string_view s) { return Value(std::string(s)); };
  for (const Format* format : formats()) {
    std::vector<Value> row{text(format->name), text(format->title), text(format->tables)};
    if (!table) row.push_back(text(format->doc));
    writer.add(row);
  }
  writer.finish();
  return 0;
}

constexpr const Flag* kFlags[] = {&flags::kFormat};
constexpr std::string_view kExamples[] = {"rangewatch formats", "rangewatch formats --format json"};

}  // namespace

extern constinit const Command kFormatsCommand{.name = "formats",
                                               .summary = "list the input formats that ingest reads",
                                               .examples = kExamples,
                                               .flags = kFlags,
                                               .run = run};

}  // namespace rw
