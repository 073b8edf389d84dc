// Whole ingests into a real lake: known, grown, damaged, unknown and compressed inputs.
#include "ingest/ingest.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <variant>

namespace rw {
namespace {

namespace fs = std::filesystem;
using Outcome = InputReport::Outcome;

const std::string kHeader =
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
    "#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\torig_pkts\torig_ip_bytes\n";

std::string conn_lines(int from, int to) {
  std::string text;
  for (int i = from; i < to; ++i)
    text += std::to_string(1'600'000'000 + i) + ".5\t10.0.0.1\t" + std::to_string(1000 + i % 50'000) +
            "\t192.0.2.1\t443\ttcp\t1\t" + std::to_string(i) + "\n";
  return text;
}

const std::string kDnsLog =
    "#separator "
    "\\x09\n#path\tdns\n#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\ttrans_id\tquery\tqtype\n"
    "1600000000.0\t10.0.0.1\t1\t10.0.0.53\t53\tudp\t1\twww.Example.co.uk\t1\n"
    "1600000001.0\t10.0.0.1\t1\t10.0.0.53\t53\tudp\t2\t1.2.0.192.in-addr.arpa\t12\n"
    "1600000002.0\t10.0.0.1\t1\t10.0.0.53\t53\tudp\t3\t-\t-\n";

class IngestTest : public ::testing::Test {  // NOLINT(cppcoreguidelines-virtual-class-destructor): GoogleTest's
                                             // fixtures are deleted by its own factory
 protected:
  IngestTest() {
    std::string pattern = (fs::temp_directory_path() / "rw-ingest-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    LakeOptions options;
    options.create = options.write = true;
    options.threads = 1;
    auto opened = Lake::open((folder_ / "lake").string(), options);
    if (!opened)
      ADD_FAILURE() << opened.error().message;
    else
      lake_ = std::move(*opened);
  }
  ~IngestTest() override {
    lake_.reset();
    fs::remove_all(folder_);
  }

  std::string write(const std::string& name, const std::string& content) const {
    fs::create_directories((folder_ / "in" / name).parent_path());
    std::ofstream(folder_ / "in" / name, std::ios::binary) << content;
    return (folder_ / "in" / name).string();
  }
  std::vector<InputReport> run(const std::vector<std::string>& paths, const IngestOptions& options = {}) {
    std::vector<InputReport> reports;
    IngestHooks hooks;
    hooks.input = [&](const InputReport& report) { reports.push_back(report); };
    auto done = ingest(*lake_, paths, options, hooks);
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
    if (done) summary_ = *done;
    return reports;
  }
  InputReport run_one(const std::string& path, const IngestOptions& options = {}) {
    auto reports = run({path}, options);
    EXPECT_EQ(reports.size(), 1U);
    return reports.empty() ? InputReport{} : reports.front();
  }
  std::string ask(const std::string& select) {
    std::string text;
    auto done = lake_->sql(select, [&](const Answer& piece) {
      for (const auto& row : piece.rows) {
        for (const Value& value : row) {
          if (!text.empty()) text += ' ';
          if (const bool* truth = std::get_if<bool>(&value))
            text += *truth ? "true" : "false";
          else if (std::holds_alternative<std::string>(value))
            text += as_string(value);
          else
            text += std::to_string(as_int(value));
        }
      }
      return true;
    });
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
    return text;
  }

  fs::path folder_;
  std::unique_ptr<Lake> lake_;
  IngestSummary summary_;
};

TEST_F(IngestTest, ReadsOnceAndKnowsItAgain) {
  const std::string path = write("gate/conn.log", kHeader + conn_lines(0, 100));
  InputReport report = run_one(path);
  EXPECT_EQ(report.outcome, Outcome::kRead) << report.reason;
  EXPECT_EQ(report.format, "zeek-tsv");
  EXPECT_EQ(report.counts.rows.at("flows"), 100U);
  EXPECT_EQ(report.bytes, fs::file_size(path));
  EXPECT_EQ(run_one(path).outcome, Outcome::kKnown);
  EXPECT_EQ(run_one(write("copy-under-another-name", kHeader + conn_lines(0, 100))).outcome, Outcome::kKnown);
  EXPECT_EQ(ask("select count(*), sum(bytes), min(sensor) from flows"), "100 4950 gate");
  EXPECT_EQ(summary_.known, 1U);
}

TEST_F(IngestTest, SmallAndLargeInputsThatGrew) {
  for (const int first : {3, 400}) {
    const std::string name = "conn" + std::to_string(first);
    const std::string start = kHeader + "#note " + name + "\n";
    run_one(write(name, start + conn_lines(0, first)));
    InputReport grown = run_one(write(name, start + conn_lines(0, first + 10)));
    EXPECT_EQ(grown.outcome, Outcome::kExtended) << grown.reason;
    EXPECT_EQ(grown.counts.rows.at("flows"), 10U);
    EXPECT_EQ(grown.counts.known, static_cast<std::uint64_t>(first));
    EXPECT_EQ(run_one(write(name, start + conn_lines(0, first + 10))).outcome, Outcome::kKnown);
    InputReport again = run_one(write(name, start + conn_lines(0, first + 900)));
    EXPECT_EQ(again.counts.rows.at("flows"), 890U);
  }
  EXPECT_EQ(ask("select count(*), count(distinct (src_port, bytes)) from flows"), "2203 1300");
}

TEST_F(IngestTest, ABareHeaderIsNothingThatGrew) {
  EXPECT_EQ(run_one(write("empty.log", kHeader)).outcome, Outcome::kRead);
  InputReport report = run_one(write("conn.log", kHeader + conn_lines(0, 5)));
  EXPECT_EQ(report.outcome, Outcome::kRead);
  EXPECT_EQ(report.counts.rows.at("flows"), 5U);
}

TEST_F(IngestTest, SameBeginningButAnotherContinuationIsNew) {
  run_one(write("a", kHeader + conn_lines(0, 300)));
  InputReport other = run_one(write("b", kHeader + conn_lines(0, 200) + conn_lines(1000, 1100)));
  EXPECT_EQ(other.outcome, Outcome::kRead);
  EXPECT_EQ(other.counts.rows.at("flows"), 300U);
}

TEST_F(IngestTest, GrownInsideCompressionAndArchives) {
  const auto tar = [](const std::string& content) {
    std::string out;
    archive* a = archive_write_new();
    archive_write_set_format_ustar(a);
    archive_write_add_filter_gzip(a);
    archive_write_open(
        a, &out, nullptr,
        [](archive*, void* to, const void* data, std::size_t size) {
          static_cast<std::string*>(to)->append(static_cast<const char*>(data), size);
          return static_cast<la_ssize_t>(size);
        },
        nullptr);
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, "conn.log");
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_write_header(a, entry);
    archive_write_data(a, content.data(), content.size());
    archive_entry_free(entry);
    archive_write_free(a);
    return out;
  };
  run_one(write("conn.log", kHeader + conn_lines(0, 500)));
  EXPECT_EQ(run_one(write("a.tar.gz", tar(kHeader + conn_lines(0, 500)))).outcome, Outcome::kKnown)
      << "identity is of the content after decompression";
  InputReport grown = run_one(write("b.tar.gz", tar(kHeader + conn_lines(0, 200'000))));
  EXPECT_EQ(grown.outcome, Outcome::kExtended);
  EXPECT_EQ(grown.counts.rows.at("flows"), 199'500U);
  EXPECT_EQ(grown.name, (folder_ / "in/b.tar.gz!conn.log").string());
  EXPECT_EQ(ask("select count(*), count(distinct bytes) from flows"), "200000 200000");
}

TEST_F(IngestTest, AgainReplacesWhatTheInputBrought) {
  const std::string path = write("conn.log", kHeader + conn_lines(0, 300));
  run_one(path);
  write("conn.log", kHeader + conn_lines(0, 350));
  run_one(path);
  run_one(write("other", kHeader + conn_lines(5000, 5010)));
  IngestOptions options;
  options.again = true;
  options.decode.sensor = "renamed";
  InputReport report = run_one(path, options);
  EXPECT_EQ(report.outcome, Outcome::kRead);
  EXPECT_EQ(report.counts.rows.at("flows"), 350U);
  EXPECT_EQ(ask("select sensor, count(*) from flows group by all order by 2"), "in 10 renamed 350");
  EXPECT_EQ(run_one(path).outcome, Outcome::kKnown);
}

TEST_F(IngestTest, UnknownAndEmptyInputsAreSkippedAndNotedOnce) {
  write("README", "hello, this is no log\n");
  write("x.expected.json", "{\"event_type\": \"purge\"}\n");
  write("empty.log", "");
  write("x509.log", "#separator \\x09\n#path\tx509\n#fields\tts\tid\n1.0\tF\n");
  write("zconn.log", kHeader + conn_lines(0, 5));
  for (int round = 0; round < 3; ++round) {
    const auto reports = run({(folder_ / "in").string()});
    ASSERT_EQ(reports.size(), 5U);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(reports[i].outcome, Outcome::kSkipped) << reports[i].name;
    EXPECT_EQ(reports[0].reason, "no format fits; rangewatch formats lists what can be read");
    EXPECT_EQ(reports[1].reason, "the input is empty");
    EXPECT_EQ(reports[3].reason, "zeek log 'x509' is not read; conn, dns, ssl, http and files are");
    EXPECT_EQ(reports[4].outcome, round == 0 ? Outcome::kRead : Outcome::kKnown);
    EXPECT_EQ(summary_.skipped, 4U);
  }
  EXPECT_EQ(ask("select code, count(*) from weird group by all order by 1"),
            "empty-input 1 unknown-format 2 unsupported 1");
  EXPECT_EQ(ask("select count(*) from weird where source like '%README'"), "1");
}

TEST_F(IngestTest, DamagedInputsKeepWhatCameBefore) {
  const std::string text = kHeader + conn_lines(0, 100'000);
  std::string out;
  archive* a = archive_write_new();
  archive_write_set_format_raw(a);
  archive_write_add_filter_gzip(a);
  archive_write_open(
      a, &out, nullptr,
      [](archive*, void* to, const void* data, std::size_t size) {
        static_cast<std::string*>(to)->append(static_cast<const char*>(data), size);
        return static_cast<la_ssize_t>(size);
      },
      nullptr);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_write_header(a, entry);
  archive_write_data(a, text.data(), text.size());
  archive_entry_free(entry);
  archive_write_free(a);

  const std::string path = write("conn.log.gz", out.substr(0, out.size() / 2));
  InputReport report = run_one(path);
  EXPECT_EQ(report.outcome, Outcome::kPartly);
  const std::uint64_t kept = report.counts.rows.at("flows");
  EXPECT_GT(kept, 10'000U);
  EXPECT_NE(report.reason.find("ends early"), std::string::npos) << report.reason;
  EXPECT_NE(report.reason.find(std::to_string(kept) + " rows"), std::string::npos) << report.reason;
  EXPECT_EQ(report.counts.weird.at("input-broken"), 1U);
  EXPECT_EQ(run_one(path).outcome, Outcome::kKnown);
  InputReport whole = run_one(write("conn.log.gz", out));
  EXPECT_EQ(whole.outcome, Outcome::kExtended) << whole.reason;
  // Of a line that was cut in its last column nobody can tell whether it had been taken: it may be missing, never
  // wrong.
  EXPECT_EQ(ask("select count(*) >= 99999, count(*) = count(distinct bytes) from flows"), "true true");
  EXPECT_EQ(ask("select byte_offset > 100000 from weird where code = 'input-broken'"), "true");
}

TEST_F(IngestTest, SmallInputsAreCommittedTogetherAndStayApart) {
  for (int i = 0; i < 200; ++i) {
    const std::string start = kHeader + "#note " + std::to_string(i) + "\n" + conn_lines(i, i + 3);
    write("n" + std::to_string(1000 + i) + "-a", start);
    write("n" + std::to_string(1000 + i) + "-b", start);                         // the same again
    write("n" + std::to_string(1000 + i) + "-c", start + conn_lines(900, 902));  // and grown
    write("n" + std::to_string(1000 + i) + "-d", "no log " + std::to_string(i));
  }
  const auto reports = run({(folder_ / "in").string()});
  ASSERT_EQ(reports.size(), 800U);
  for (std::size_t i = 0; i < 800; i += 4) {
    EXPECT_EQ(reports[i].outcome, Outcome::kRead);
    EXPECT_EQ(reports[i + 1].outcome, Outcome::kKnown);
    EXPECT_EQ(reports[i + 2].outcome, Outcome::kExtended);
    EXPECT_EQ(reports[i + 3].outcome, Outcome::kSkipped);
  }
  EXPECT_EQ(ask("select count(*), count(distinct ingest) from flows"), "1000 400");
  EXPECT_EQ(ask("select count(*) from weird where code = 'unknown-format'"), "200");
  auto info = lake_->info();
  ASSERT_TRUE(info);
  for (const TableInfo& table : info->tables) EXPECT_LT(table.files, 100U) << table.table;
  // One of them can still be replaced alone.
  IngestOptions again;
  again.again = true;
  again.decode.sensor = "new";
  run_one((folder_ / "in/n1007-c").string(), again);
  EXPECT_EQ(ask("select count(*), count(*) filter (where sensor = 'new') from flows"), "1000 5");
  EXPECT_EQ(run_one((folder_ / "in/n1007-b").string()).outcome, Outcome::kKnown) << "what it grew from stays known";
}

TEST_F(IngestTest, OneUnreadableInputDoesNotStopTheOthers) {
  write("a.log", kHeader + conn_lines(0, 3));
  fs::create_symlink("nowhere", folder_ / "in/b.log");
  write("c.log", kHeader + conn_lines(10, 13));
  const auto reports = run({(folder_ / "in").string()});
  ASSERT_EQ(reports.size(), 3U);
  EXPECT_EQ(reports[1].outcome, Outcome::kFailed);
  EXPECT_EQ(summary_.read, 2U);
  EXPECT_EQ(summary_.failed, 1U);
  EXPECT_EQ(ask("select count(*) from flows"), "6");
  EXPECT_EQ(ask("select code from weird"), "unreadable");
}

TEST_F(IngestTest, RegisteredDomainsAreFilledIn) {
  run_one(write("dns.log", kDnsLog));
  EXPECT_EQ(ask("select registered_domain from dns where type = 1"), "example.co.uk");
  EXPECT_EQ(ask("select count(*) from dns where registered_domain is null"), "2");
}

TEST_F(IngestTest, FormatMayBeForced) {
  IngestOptions options;
  options.format = "zeek-tsv";
  const InputReport report = run_one(write("odd", "#fields of a comment\n" + kHeader + conn_lines(0, 2)), options);
  EXPECT_EQ(report.format, "zeek-tsv");
  EXPECT_EQ(report.counts.rows.at("flows"), 2U);
  options.format = "zeek";
  const std::vector<std::string> paths;
  const auto refused = ingest(*lake_, paths, options, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUsage);
}

TEST_F(IngestTest, NamesThatAreNoTextAreEscaped) {
  const InputReport report = run_one(write("caf\xc3\xa9", kHeader + conn_lines(0, 2)));
  EXPECT_NE(report.name.find("caf\xc3\xa9"), std::string::npos);
  const InputReport odd = run_one(write("b\xff\x1b[31m", "nothing\n"));
  EXPECT_NE(odd.name.find("b\\255\\027[31m"), std::string::npos) << odd.name;
  EXPECT_EQ(ask("select count(*) from weird"), "1");
}

TEST_F(IngestTest, ProgressIsTold) {
  const std::string path = write("conn.log", kHeader + conn_lines(0, 300'000));
  IngestHooks hooks;
  std::uint64_t calls = 0;
  IngestProgress last;
  hooks.progress = [&](const IngestProgress& progress) {
    EXPECT_GE(progress.done_bytes, last.done_bytes);
    EXPECT_LE(progress.done_bytes, progress.total_bytes);
    last = progress;
    ++calls;
  };
  const std::vector<std::string> paths{path};
  ASSERT_TRUE(ingest(*lake_, paths, {}, hooks));
  EXPECT_GE(calls, 1U);
  EXPECT_EQ(last.total_bytes, fs::file_size(path));
  EXPECT_EQ(last.current, path);
}

}  // namespace
}  // namespace rw
