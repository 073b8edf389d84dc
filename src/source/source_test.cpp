// Files, folders, compressed files and archives, whole, damaged and hostile. All fixtures are made here.
#include "source/source.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

namespace rw {
namespace {

namespace fs = std::filesystem;
using Files = std::vector<std::pair<std::string, std::string>>;

class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (fs::temp_directory_path() / "rw_source_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TempFolder() { fs::remove_all(path_); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& content) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << content;
    return *this / name;
  }
  std::string string() const { return path_.string(); }

 private:
  fs::path path_;
};

// Text that compresses, but not to nothing.
std::string sample(std::size_t bytes) {
  std::string text;
  for (std::uint64_t n = 1; text.size() < bytes; n = n * 6364136223846793005ULL + 1442695040888963407ULL)
    text += std::to_string(n >> 33) + "\tline of a log\n";
  text.resize(bytes);
  return text;
}

la_ssize_t append(archive*, void* out, const void* data, std::size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(data), size);
  return static_cast<la_ssize_t>(size);
}

std::string pack(const char* format, const char* filter, const Files& files, const char* options = nullptr,
                 const char* passphrase = nullptr) {
  std::string out;
  archive* a = archive_write_new();
  if (std::string_view(format) == "tar")
    archive_write_set_format_pax_restricted(a);
  else if (std::string_view(format) == "v7")
    archive_write_set_format_v7tar(a);
  else if (std::string_view(format) == "zip")
    archive_write_set_format_zip(a);
  else
    archive_write_set_format_raw(a);
  EXPECT_TRUE(filter == nullptr || archive_write_add_filter_by_name(a, filter) == ARCHIVE_OK) << filter;
  if (passphrase != nullptr) archive_write_set_passphrase(a, passphrase);
  EXPECT_TRUE(options == nullptr || archive_write_set_options(a, options) == ARCHIVE_OK) << archive_error_string(a);
  archive_write_set_bytes_in_last_block(a, 1);  // no padding
  archive_write_open(a, &out, nullptr, append, nullptr);
  for (const auto& [name, content] : files) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(a, entry);
    archive_write_data(a, content.data(), content.size());
    archive_entry_free(entry);
  }
  archive_write_close(a);
  archive_write_free(a);
  return out;
}

std::string compress(const char* filter, const std::string& content) { return pack("raw", filter, {{"x", content}}); }

struct Seen : InputVisitor {
  std::vector<std::string> order;
  std::map<std::string, std::string> content;
  std::map<std::string, Error> errors;  // of reading an input
  std::map<std::string, Error> unreadables;
  std::size_t read_at_most = SIZE_MAX;
  bool check_reopen = false;

  static std::string drain(ByteStream& stream, std::size_t limit, Result<void>& status) {
    std::string text;
    std::vector<std::byte> buffer(10'007);
    while (text.size() < limit) {
      auto got = stream.read(buffer);
      if (!got) status = Failure(got.error());
      if (!got || *got == 0) break;
      text += as_text(Bytes(buffer).first(*got));
    }
    return text;
  }
  Result<void> input(const InputInfo& info, ByteStream& stream) override {
    Result<void> status;
    order.push_back(info.name);
    content[info.name] = drain(stream, read_at_most, status);
    if (!status) errors[info.name] = status.error();
    if (check_reopen && info.reopen) {
      auto again = info.reopen();
      EXPECT_TRUE(again) << info.name;
      Result<void> ignored;
      EXPECT_EQ(drain(**again, read_at_most, ignored), content[info.name]);
    }
    return {};
  }
  void unreadable(const std::string& name, const Error& error) override { unreadables[name] = error; }
};

Seen visit(const std::vector<std::string>& paths, const SourceOptions& options = {}) {
  Seen seen;
  seen.check_reopen = true;
  EXPECT_TRUE(visit_inputs(paths, options, seen));
  return seen;
}

constexpr const char* kFilters[] = {"gzip", "bzip2", "xz", "zstd", "lz4"};

TEST(SourceTest, PlainAndEmptyFiles) {
  const TempFolder folder;
  folder.write("a.log", "hello");
  folder.write("empty", "");
  const Seen seen = visit({folder / "a.log", folder / "empty"});
  EXPECT_EQ(seen.content.at(folder / "a.log"), "hello");
  EXPECT_EQ(seen.content.at(folder / "empty"), "");
  EXPECT_TRUE(seen.unreadables.empty());
}

TEST(SourceTest, FoldersInNameOrderWithoutHiddenFiles) {
  const TempFolder folder;
  folder.write("b/2", "2");
  folder.write("b/1", "1");
  folder.write("a", "a");
  folder.write(".hidden", "no");
  folder.write(".git/config", "no");
  ASSERT_EQ(symlink(folder.string().c_str(), (folder / "b/loop").c_str()), 0);
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  const Seen seen = visit({folder.string()});
  EXPECT_EQ(seen.order, (std::vector<std::string>{folder / "a", folder / "b/1", folder / "b/2"}));
  const std::string path = folder.string();
  EXPECT_EQ(total_stored_bytes({&path, 1}), 3U);
}

TEST(SourceTest, MissingPathIsToldBeforeAnythingIsRead) {
  const TempFolder folder;
  Seen seen;
  const std::vector<std::string> paths{folder.write("a", "a"), folder / "missing"};
  const auto visited = visit_inputs(paths, {}, seen);
  ASSERT_FALSE(visited);
  EXPECT_EQ(visited.error().code, ErrorCode::kNotFound);
  EXPECT_NE(visited.error().message.find("missing"), std::string::npos);
  EXPECT_TRUE(seen.order.empty());
}

TEST(SourceTest, DanglingLinkIsUnreadableAndTheWalkGoesOn) {
  const TempFolder folder;
  ASSERT_EQ(symlink("nowhere", (folder / "a").c_str()), 0);
  folder.write("b", "b");
  const Seen seen = visit({folder.string()});
  EXPECT_EQ(seen.unreadables.count(folder / "a"), 1U);
  EXPECT_EQ(seen.content.at(folder / "b"), "b");
}

TEST(SourceTest, CompressionIsKnownByContent) {
  const TempFolder folder;
  const std::string text = sample(1'000'000);
  for (const char* filter : kFilters) {
    const std::string path = folder.write("no-extension-says-it", compress(filter, text));
    const Seen seen = visit({path});
    EXPECT_EQ(seen.content.at(path), text) << filter;
    EXPECT_TRUE(seen.errors.empty()) << filter;
  }
}

TEST(SourceTest, ConcatenatedFramesAndPadding) {
  const TempFolder folder;
  for (const char* filter : kFilters) {
    const std::string frames = compress(filter, "one ") + compress(filter, "two ") + compress(filter, "three");
    const std::string path = folder.write("frames", frames + std::string(5000, '\0'));
    const Seen seen = visit({path});
    EXPECT_EQ(seen.content.at(path), "one two three") << filter;
    EXPECT_TRUE(seen.errors.empty()) << filter << (seen.errors.empty() ? "" : seen.errors.begin()->second.message);
  }
}

TEST(SourceTest, OtherDataAfterTheLastFrameIsTold) {
  const TempFolder folder;
  for (const char* filter : kFilters) {
    const std::string path = folder.write("tail", compress(filter, "good") + "garbage");
    const Seen seen = visit({path});
    EXPECT_EQ(seen.content.at(path), "good") << filter;
    ASSERT_EQ(seen.errors.count(path), 1U) << filter;
    EXPECT_EQ(seen.errors.at(path).code, ErrorCode::kCorrupt);
  }
}

TEST(SourceTest, TruncatedAtEveryByteDeliversAPrefixThenTheError) {
  const TempFolder folder;
  const std::string text = sample(2'000);
  for (const char* filter : kFilters) {
    const std::string packed = compress(filter, text);
    std::size_t best = 0;
    for (std::size_t cut = 12; cut < packed.size(); ++cut) {  // shorter heads are no compressed input at all
      const std::string path = folder.write("cut", packed.substr(0, cut));
      const Seen seen = visit({path});
      const std::string& got = seen.content.at(path);
      EXPECT_TRUE(text.starts_with(got)) << filter << " cut at " << cut;
      EXPECT_GE(got.size(), best) << "a longer input never gives less";
      best = got.size();
      ASSERT_EQ(seen.errors.count(path), 1U) << filter << " cut at " << cut;
    }
  }
}

TEST(SourceTest, EverythingBeforeDamageIsDelivered) {
  const TempFolder folder;
  const std::string text = sample(6'000'000);
  for (const char* filter : kFilters) {
    const std::string whole = compress(filter, text);
    const std::string packed = whole.substr(0, whole.size() * 3 / 4);
    const std::string path = folder.write("cut", packed);
    const Seen seen = visit({path});
    const std::string& got = seen.content.at(path);
    EXPECT_TRUE(text.starts_with(got)) << filter;
    EXPECT_GT(got.size(), text.size() * 74 / 100 - (4 << 20)) << filter << ": at most the unfinished block is missing";
    EXPECT_NE(seen.errors.at(path).message.find("ends early"), std::string::npos) << filter;
    std::string broken = whole;
    for (std::size_t i = packed.size(); i < packed.size() + 64; ++i) broken[i] = static_cast<char>(~broken[i]);
    const Seen hurt = visit({folder.write("hurt", broken)});
    ASSERT_EQ(hurt.errors.count(folder / "hurt"), 1U) << filter;
    EXPECT_EQ(hurt.errors.at(folder / "hurt").code, ErrorCode::kCorrupt) << filter;
    EXPECT_GT(hurt.content.at(folder / "hurt").size(), text.size() / 4) << filter;
  }
}

TEST(SourceTest, ArchivesOfAllKinds) {
  const TempFolder folder;
  const std::string big = sample(700'000);
  const Files files{{"./conn.log", big}, {"sub/dns.log", "dns"}, {"empty", ""}, {"._conn.log", "fork"}};
  for (const char* format : {"tar", "v7", "zip"}) {
    for (const char* filter : {"", "gzip", "bzip2", "xz", "zstd", "lz4"}) {
      const std::string path = folder.write("a", pack(format, *filter == 0 ? nullptr : filter, files));
      const Seen seen = visit({path});
      EXPECT_EQ(seen.order, (std::vector<std::string>{path + "!conn.log", path + "!sub/dns.log", path + "!empty"}))
          << format << filter;
      EXPECT_EQ(seen.content.at(path + "!conn.log"), big) << format << filter;
      EXPECT_EQ(seen.content.at(path + "!sub/dns.log"), "dns");
      EXPECT_TRUE(seen.errors.empty());
      EXPECT_TRUE(seen.unreadables.empty()) << format << filter << seen.unreadables.begin()->second.message;
    }
  }
}

TEST(SourceTest, CompressedMembersAndUnreadRestsOfMembers) {
  const TempFolder folder;
  const std::string text = sample(900'000);
  const std::string path = folder.write(
      "day.tar", pack("tar", nullptr, {{"a.gz", compress("gzip", text)}, {"b.zst", compress("zstd", text)}}));
  const Seen whole = visit({path});
  EXPECT_EQ(whole.content.at(path + "!a.gz"), text);
  EXPECT_EQ(whole.content.at(path + "!b.zst"), text);
  Seen heads;
  heads.read_at_most = 1;
  const std::vector<std::string> paths{path};
  ASSERT_TRUE(visit_inputs(paths, {}, heads));
  EXPECT_EQ(heads.order, whole.order);
  EXPECT_TRUE(heads.unreadables.empty());
}

TEST(SourceTest, EncryptedMembersAreTold) {
  const TempFolder folder;
  const std::string path = folder.write(
      "e.zip", pack("zip", nullptr, {{"secret.log", "text text text"}}, "zip:encryption=zipcrypt", "word"));
  const Seen seen = visit({path});
  EXPECT_TRUE(seen.order.empty());
  ASSERT_EQ(seen.unreadables.count(path + "!secret.log"), 1U);
  EXPECT_NE(seen.unreadables.at(path + "!secret.log").message.find("encrypted"), std::string::npos);
}

TEST(SourceTest, ArchivesNestUpToTheBound) {
  const TempFolder folder;
  std::string nested = pack("tar", nullptr, {{"x", "deep"}});
  for (int i = 0; i < 2; ++i) nested = pack("zip", nullptr, {{"n", nested}});
  const std::string good = folder.write("three", nested);
  EXPECT_EQ(visit({good}).content.at(good + "!n!n!x"), "deep");
  const std::string bad = folder.write("four", pack("tar", "gzip", {{"n", nested}, {"beside", "b"}}));
  const Seen seen = visit({bad});
  EXPECT_EQ(seen.unreadables.at(bad + "!n!n!n").code, ErrorCode::kLimit);
  EXPECT_EQ(seen.content.at(bad + "!beside"), "b") << "the walk goes on";
}

TEST(SourceTest, EndlesslyCompressedIsRefused) {
  const TempFolder folder;
  std::string data = "x";
  for (int i = 0; i < 6; ++i) data = compress("gzip", data);
  const std::string path = folder.write("onion.gz", data);
  EXPECT_EQ(visit({path}).unreadables.at(path).code, ErrorCode::kLimit);
}

TEST(SourceTest, BombsAreCutOff) {
  const TempFolder folder;
  SourceOptions options;
  options.max_expansion = 100;
  options.expansion_floor_bytes = 1 << 20;
  const std::string zeros(32 << 20, '\0');
  for (const char* filter : {"gzip", "bzip2", "xz", "zstd", "lz4"}) {
    const std::string path = folder.write("bomb", compress(filter, zeros));
    Seen seen;
    ASSERT_TRUE(visit_inputs({&path, 1}, options, seen));
    ASSERT_EQ(seen.errors.count(path), 1U) << filter;
    EXPECT_EQ(seen.errors.at(path).code, ErrorCode::kLimit) << filter;
    EXPECT_LT(seen.content.at(path).size(), 20U << 20) << filter;
  }
  const std::string tar = folder.write("bombs", pack("tar", "gzip", {{"1", zeros}, {"2", zeros}}));
  Seen skipping;
  skipping.read_at_most = 1;  // nobody wants the content, and still no time is lost on it
  ASSERT_TRUE(visit_inputs({&tar, 1}, options, skipping));
  EXPECT_EQ(skipping.unreadables.at(tar).code, ErrorCode::kLimit);
  const std::string zip = folder.write("bombs.zip", pack("zip", nullptr, {{"1", zeros}, {"2", zeros}}));
  Seen reading;
  ASSERT_TRUE(visit_inputs({&zip, 1}, options, reading));
  EXPECT_EQ(reading.errors.at(zip + "!1").code, ErrorCode::kLimit);
  EXPECT_EQ(reading.unreadables.at(zip).code, ErrorCode::kLimit);
  EXPECT_EQ(reading.order.size(), 1U) << "what is left of a bomb is not opened";
}

TEST(SourceTest, BombsInBombsShareOneBudget) {
  const TempFolder folder;
  SourceOptions options;
  options.expansion_floor_bytes = 1 << 20;
  const std::string inner = compress("gzip", std::string(64 << 20, '\0'));
  const std::string path = folder.write("twice.gz", compress("gzip", inner));
  Seen seen;
  const std::vector<std::string> paths{path};
  ASSERT_TRUE(visit_inputs(paths, options, seen));
  EXPECT_EQ(seen.errors.at(path).code, ErrorCode::kLimit);
}

TEST(SourceTest, TooManyMembers) {
  const TempFolder folder;
  SourceOptions options;
  options.max_members = 3;
  const std::string path = folder.write("m.tar", pack("tar", nullptr, {{"1", ""}, {"2", ""}, {"3", ""}, {"4", ""}}));
  Seen seen;
  const std::vector<std::string> paths{path};
  ASSERT_TRUE(visit_inputs(paths, options, seen));
  EXPECT_EQ(seen.order.size(), 3U);
  EXPECT_EQ(seen.unreadables.at(path).code, ErrorCode::kLimit);
}

TEST(SourceTest, ArchivesTruncatedAtEveryStep) {
  const TempFolder folder;
  const std::string text = sample(20'000);
  for (const char* format : {"tar", "zip"}) {
    const std::string packed = pack(format, nullptr, {{"a", text}, {"b", text}});
    for (std::size_t cut = 600; cut + 1100 < packed.size(); cut += 97) {
      const std::string path = folder.write("cut", packed.substr(0, cut));
      const Seen seen = visit({path});
      for (const auto& [name, content] : seen.content) EXPECT_TRUE(text.starts_with(content)) << name;
      EXPECT_FALSE(seen.errors.empty() && seen.unreadables.empty()) << format << " cut at " << cut;
    }
  }
}

TEST(SourceTest, StandardInputMayBeCompressedOrAnArchive) {
  const TempFolder folder;
  const std::string path = folder.write("in", pack("tar", "zstd", {{"a", "from the pipe"}}));
  const int saved = dup(STDIN_FILENO);
  const int file = open(path.c_str(), O_RDONLY);
  dup2(file, STDIN_FILENO);
  const Seen seen = visit({"-"});
  dup2(saved, STDIN_FILENO);
  close(saved);
  close(file);
  EXPECT_EQ(seen.content.at("-!a"), "from the pipe");
}

TEST(SourceTest, AFailureOfTheVisitorStopsTheWalk) {
  struct Refusing : Seen {
    Result<void> input(const InputInfo& info, ByteStream&) override {
      order.push_back(info.name);
      return Failure(ErrorCode::kIo, "disk full");
    }
  };
  const TempFolder folder;
  folder.write("1.tar", pack("tar", nullptr, {{"a", "a"}, {"b", "b"}}));
  folder.write("2", "2");
  Refusing seen;
  const std::vector<std::string> paths{folder.string()};
  const auto visited = visit_inputs(paths, {}, seen);
  ASSERT_FALSE(visited);
  EXPECT_EQ(visited.error().message, "disk full");
  EXPECT_EQ(seen.order.size(), 1U);
  EXPECT_TRUE(seen.unreadables.empty());
}

}  // namespace
}  // namespace rw
