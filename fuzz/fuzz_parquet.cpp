// Files of the lake: a damaged one may not crash, hang or eat memory, whether its columns are read one by one or a
// question is answered from it. Seeds: fuzz/seeds/make-parquet-seeds.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "lake/parquet.h"
#include "lake/scan.h"
#include "lake/shape.h"
#include "store/query.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// What a catalog would have to say of the file so that its columns are found; everything else is left as damaged.
rw::FileEntry entry_for(const rw::TableSpec& table, const rw::parquet::File& file) {
  rw::FileEntry entry;
  entry.bytes = file.bytes();
  for (const rw::parquet::RowGroup& group : file.row_groups()) entry.rows += group.rows;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string name(table.columns[i].name);
    const std::string stem(rw::address_name(table, i));
    if (file.column(name) >= 0) continue;
    if (name == "end_time" && file.column("duration_us") >= 0)
      entry.shape += "end_time=span ";
    else if (!stem.empty() && file.column(stem + "_v4") >= 0)
      entry.shape += stem + "=4 ";
    else if (!name.ends_with("_hi") || file.column(name.substr(0, name.size() - 3) + "_v4") < 0)
      entry.shape += "-" + name + " ";
  }
  return entry;
}

rw::Query question() {
  rw::Query query;
  query.table = "flows";
  query.time = {rw::Timestamp{0}, rw::Timestamp{INT64_MAX}};
  query.where = rw::expr::any_of({rw::expr::eq(rw::expr::column("proto"), rw::expr::literal(std::int64_t{6})),
                                  rw::expr::eq(rw::expr::column("src"), rw::expr::literal(rw::Ip::v4(0xC0000201))),
                                  rw::expr::eq(rw::expr::column("dst_port"), rw::expr::literal(std::int64_t{53}))});
  query.group_by = {{"src", rw::expr::column("src")}, {"dst", rw::expr::column("dst")}};
  query.measures = {{"bytes", rw::Measure::Kind::kSum, rw::expr::volume_bytes()},
                    {"last", rw::Measure::Kind::kMax, rw::expr::column("end_time")}};
  query.order_by = {{"bytes", true}};
  return query;
}

rw::Query rows() {
  rw::Query query;
  query.table = "flows";
  for (const char* name : {"start_time", "end_time", "src", "dst", "bytes", "rev_bytes", "sampling"})
    query.select.push_back({name, rw::expr::column(name)});
  return query;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int memory = memfd_create("fuzz", MFD_CLOEXEC);
  require(memory >= 0 && write(memory, data, size) == static_cast<ssize_t>(size));
  const std::string path = "/proc/self/fd/" + std::to_string(memory);
  if (const auto file = rw::parquet::File::open(path)) {
    rw::parquet::Values values;
    std::uint64_t budget = 1 << 22;  // a small file may claim a great many rows; one pass over them is enough
    for (std::size_t g = 0; g < (*file)->row_groups().size(); ++g) {
      const rw::parquet::RowGroup& group = (*file)->row_groups()[g];
      for (std::size_t c = 0; c < group.columns.size() && group.rows <= budget; ++c) {
        budget -= group.rows;
        const auto read = (*file)->read(g, c, values);
        if (!read) continue;
        const bool small = group.columns[c].type == rw::parquet::Physical::kI32;
        require((small ? values.small.size() : values.large.size()) == group.rows);
        require(values.valid.empty() || values.valid.size() == group.rows);
      }
    }
    static const rw::TableSpec& kFlows = *rw::find_table("flows");
    static const rw::Query kQuestion = question();
    static const rw::Query kRows = rows();
    static const auto kPlan = rw::scan::plan_of(kQuestion);
    static const auto kRowPlan = rw::scan::plan_of(kRows);
    require(kPlan.has_value() && kRowPlan.has_value());
    rw::FileEntry entry = entry_for(kFlows, **file);
    entry.path = std::to_string(memory);
    if (entry.rows <= (1 << 20)) {
      const rw::scan::ScanOptions options{"/proc/self/fd", 1, 256 << 20};
      (void)rw::scan::answer(kQuestion, *kPlan, {entry}, options);
      std::size_t seen = 0;
      (void)rw::scan::stream_text(
          kRows, *kRowPlan, {entry}, options,
          [](const rw::Piece& piece, std::string& text) {
            for (std::size_t row = 0; row < piece.rows; ++row)
              for (const rw::PieceColumn& column : piece.columns)
                text += column.is_null(row) ? '0' : static_cast<char>(column.value(row).index());
          },
          [&seen](std::string_view text) {
            seen += text.size();
            return seen < (16 << 20);
          });
    }
  }
  close(memory);
  return 0;
}
