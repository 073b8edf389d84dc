// Walking paths, and peeling compression and archives off what is found.
#include "source/source.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>
#include <vector>

#include "source/archive.h"
#include "source/codec.h"
#include "source/file_stream.h"

namespace rw {
namespace {

constexpr std::size_t kHeadBytes = 512;  // a tar header; more than any magic number needs
constexpr unsigned kMaxCompressionLayers =
    4;                                    // gzip in gzip happens by mistake once or twice; endless ones are crafted
constexpr unsigned kMaxFolderDepth = 64;  // ends loops of mounts; loops of links are known by device and inode

// The bytes of another stream again from the start, after its head was looked at.
class PeekedStream : public ByteStream {
 public:
  explicit PeekedStream(std::unique_ptr<ByteStream> inner) : inner_(std::move(inner)) {
    head_.resize(kHeadBytes);
    std::size_t size = 0;
    while (size < head_.size()) {
      auto got = inner_->read(std::span(head_).subspan(size));
      if (!got) status_ = Failure(got.error());
      if (!got || *got == 0) break;
      size += *got;
    }
    head_.resize(size);
  }
  Bytes head() const { return head_; }

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    if (given_ < head_.size()) {
      const std::size_t count = std::min(buffer.size(), head_.size() - given_);
      std::memcpy(buffer.data(), head_.data() + given_, count);
      given_ += count;
      return count;
    }
    if (!status_) return Failure(status_.error());
    return inner_->read(buffer);
  }

 private:
  std::unique_ptr<ByteStream> inner_;
  std::vector<std::byte> head_;
  std::size_t given_ = 0;
  Result<void> status_;
};

// Does not own: members of archives live in their archive's reader.
class BorrowedStream : public ByteStream {
 public:
  explicit BorrowedStream(ByteStream& stream) : stream_(stream) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override { return stream_.read(buffer); }

 private:
  ByteStream& stream_;
};

// A stream with all compression taken off.
struct Opened {
  std::unique_ptr<PeekedStream> stream;
  unsigned layers = 0;
};

Result<Opened> peel(std::unique_ptr<ByteStream> stream, const std::shared_ptr<ExpansionBudget>& budget) {
  Opened opened{std::make_unique<PeekedStream>(std::move(stream))};
  for (;;) {
    const Compression compression = detect_compression(opened.stream->head());
    if (compression == Compression::kNone) return opened;
    if (++opened.layers > kMaxCompressionLayers)
      return Failure(ErrorCode::kLimit,
                     "is compressed more than " + std::to_string(kMaxCompressionLayers) + " times over");
    auto inner = std::make_unique<DecompressStream>(std::move(opened.stream), compression, budget);
    opened.stream = std::make_unique<PeekedStream>(std::move(inner));
  }
}

bool hidden(std::string_view path) {
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part.size() > 1 && part[0] == '.' && part != "..") return true;
    if (part == "__MACOSX") return true;  // resource forks that macOS adds to zips
    begin = end + 1;
  }
  return false;
}

// Visits the ordinary files under a folder in name order. Each folder is entered once, whatever links lead to it.
class FolderWalk {
 public:
  using File = std::function<Result<void>(const std::string& path, std::uint64_t bytes)>;
  using Trouble = std::function<void(const std::string& path, const Error& error)>;
  FolderWalk(File file, Trouble trouble) : file_(std::move(file)), trouble_(std::move(trouble)) {}

  Result<void> walk(const std::string& path, unsigned depth = 0) {
    if (depth > kMaxFolderDepth) {
      trouble_(path, {ErrorCode::kLimit, "lies more than " + std::to_string(kMaxFolderDepth) + " folders deep"});
      return {};
    }
    std::vector<std::string> names;
    if (!list(path, names)) return {};
    const auto has = [&](std::string_view name) { return std::binary_search(names.begin(), names.end(), name); };
    const bool maildir = has("cur") && has("new") && has("tmp");
    for (const std::string& name : names) {
      if (maildir ? name == "tmp" : name[0] == '.') continue;
      const std::string inner = path.ends_with('/') ? path + name : path + "/" + name;
      // Maildir++ keeps folders beside cur and new, their names begin with a dot; hidden files are the server's own.
      if (name[0] == '.' && ::access((inner + "/cur").c_str(), F_OK) != 0) continue;
      struct stat status {};
      if (::stat(inner.c_str(), &status) != 0) {
        trouble_(inner, {ErrorCode::kIo, "cannot open: " + std::string(std::strerror(errno))});
      } else if (S_ISDIR(status.st_mode)) {
        RW_TRY(walk(inner, depth + 1));
      } else if (S_ISREG(status.st_mode)) {
        RW_TRY(file_(inner, static_cast<std::uint64_t>(status.st_size)));
      }
    }
    return {};
  }

 private:
  // False when the folder cannot be read (which is told) or was entered before.
  bool list(const std::string& path, std::vector<std::string>& names) {
    DIR* folder = ::opendir(path.c_str());
    if (folder == nullptr) {
      trouble_(path, {ErrorCode::kIo, "cannot open the folder: " + std::string(std::strerror(errno))});
      return false;
    }
    struct stat status {};
    const bool entered =
        ::fstat(::dirfd(folder), &status) == 0 && !entered_.emplace(status.st_dev, status.st_ino).second;
    while (const dirent* entry = entered ? nullptr : ::readdir(folder))
      if (entry->d_name != std::string_view(".") && entry->d_name != std::string_view(".."))
        names.emplace_back(entry->d_name);
    ::closedir(folder);
    std::sort(names.begin(), names.end());
    return !entered;
  }

  File file_;
  Trouble trouble_;
  std::set<std::pair<dev_t, ino_t>> entered_;
};

class Walker {
 public:
  Walker(const SourceOptions& options, InputVisitor& visitor) : options_(options), visitor_(visitor) {}

  Result<void> file(const std::string& path) {
    auto opened = FileStream::open(path);
    if (!opened) {
      visitor_.unreadable(path, opened.error());
      return {};
    }
    FileStream* stream = opened->get();
    InputInfo info{path, stream->size(), {}, {}};
    if (stream->seekable()) info.reopen = [path, options = options_] { return reopen(path, options); };
    return root(std::move(*opened), stream, info);
  }
  Result<void> standard_input() {
    auto stream = FileStream::standard_input();
    FileStream* file = stream.get();
    return root(std::move(stream), file, {"-", 0, {}, {}});
  }
  Result<void> memory(const std::string& name, Bytes bytes) {
    const std::uint64_t size = bytes.size();
    auto budget = std::make_shared<ExpansionBudget>(options_, [size] { return size; });
    InputInfo info{name, size, {}, {}};
    info.reopen = [bytes, options = options_]() -> Result<std::unique_ptr<ByteStream>> {
      const std::uint64_t stored = bytes.size();
      auto again = std::make_shared<ExpansionBudget>(options, [stored] { return stored; });
      RW_ASSIGN(Opened opened, peel(std::make_unique<MemoryStream>(bytes), again));
      return std::unique_ptr<ByteStream>(std::move(opened.stream));
    };
    return content(std::make_unique<MemoryStream>(bytes), nullptr, info, budget, 0);
  }
  Result<void> folder(const std::string& path) {
    FolderWalk walk([this](const std::string& inner, std::uint64_t) { return file(inner); },
                    [this](const std::string& inner, const Error& error) { visitor_.unreadable(inner, error); });
    return walk.walk(path);
  }

 private:
  static Result<std::unique_ptr<ByteStream>> reopen(const std::string& path, const SourceOptions& options) {
    RW_ASSIGN(auto file, FileStream::open(path));
    const FileStream* raw = file.get();
    auto budget = std::make_shared<ExpansionBudget>(options, [raw] { return raw->furthest(); });
    RW_ASSIGN(Opened opened, peel(std::move(file), budget));
    return std::unique_ptr<ByteStream>(std::move(opened.stream));
  }
  Result<void> root(std::unique_ptr<FileStream> stream, FileStream* file, InputInfo info) {
    auto budget = std::make_shared<ExpansionBudget>(options_, [file] { return file->furthest(); });
    info.position = [file] { return file->furthest(); };
    return content(std::move(stream), file, info, budget, 0);
  }
  Result<void> content(std::unique_ptr<ByteStream> stream, FileStream* file, InputInfo info,
                       const std::shared_ptr<ExpansionBudget>& budget, unsigned depth);
  Result<void> archive(PeekedStream& stream, FileStream* seekable, Archive kind, const InputInfo& info,
                       const std::shared_ptr<ExpansionBudget>& budget, unsigned depth);

  const SourceOptions& options_;
  InputVisitor& visitor_;
};

Result<void> Walker::content(std::unique_ptr<ByteStream> stream, FileStream* file, InputInfo info,
                             const std::shared_ptr<ExpansionBudget>& budget, unsigned depth) {
  auto opened = peel(std::move(stream), budget);
  if (!opened) {
    visitor_.unreadable(info.name, opened.error());
    return {};
  }
  const Archive kind = detect_archive(opened->stream->head());
  if (kind == Archive::kNone) return visitor_.input(info, *opened->stream);
  if (depth >= options_.max_archive_depth) {
    visitor_.unreadable(info.name,
                        {ErrorCode::kLimit, "is an archive more than " + std::to_string(options_.max_archive_depth) +
                                                " archives deep: unpack it first"});
    return {};
  }
  FileStream* seekable = opened->layers == 0 && file != nullptr && file->seekable() ? file : nullptr;
  return archive(*opened->stream, seekable, kind, info, budget, depth + 1);
}

Result<void> Walker::archive(PeekedStream& stream, FileStream* seekable, Archive kind, const InputInfo& info,
                             const std::shared_ptr<ExpansionBudget>& budget, unsigned depth) {
  Result<void> visited;
  const auto member = [&](const ArchiveMember& found, ByteStream& content_stream) -> Result<void> {
    if (hidden(found.name)) return {};
    InputInfo inner{info.name + "!" + found.name, found.size, {}, info.position};
    if (found.encrypted) {
      visitor_.unreadable(inner.name, {ErrorCode::kUnsupported, "is encrypted: extract it with its password first"});
      return {};
    }
    visited = content(std::make_unique<BorrowedStream>(content_stream), nullptr, inner, budget, depth);
    return visited;
  };
  ByteStream* input = &stream;
  if (seekable != nullptr) {  // from its start again, without the peeked head in between
    RW_TRY(seekable->seek(0));
    input = seekable;
  }
  auto done = read_archive(*input, seekable, kind, options_.max_members, *budget, member);
  if (!visited) return visited;
  if (!done) visitor_.unreadable(info.name, done.error());
  return {};
}

}  // namespace

Result<void> visit_inputs(std::span<const std::string> paths, const SourceOptions& options, InputVisitor& visitor) {
  struct stat status {};
  for (const std::string& path : paths)  // before anything is read: a typing mistake should cost nothing
    if (path != "-" && ::stat(path.c_str(), &status) != 0 && (errno == ENOENT || errno == ENOTDIR))
      return Failure(ErrorCode::kNotFound, path + ": no such file or folder");
  Walker walker(options, visitor);
  for (const std::string& path : paths) {
    if (path == "-")
      RW_TRY(walker.standard_input());
    else if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
      RW_TRY(walker.folder(path));
    else
      RW_TRY(walker.file(path));
  }
  return {};
}

Result<void> visit_content(const std::string& name, Bytes content, const SourceOptions& options,
                           InputVisitor& visitor) {
  return Walker(options, visitor).memory(name, content);
}

std::uint64_t total_stored_bytes(std::span<const std::string> paths) {
  std::uint64_t sum = 0;
  FolderWalk walk(
      [&sum](const std::string&, std::uint64_t bytes) {
        sum += bytes;
        return Result<void>();
      },
      [](const std::string&, const Error&) {});
  struct stat status {};
  for (const std::string& path : paths) {
    if (path == "-" || ::stat(path.c_str(), &status) != 0) continue;
    if (S_ISREG(status.st_mode))
      sum += static_cast<std::uint64_t>(status.st_size);
    else if (S_ISDIR(status.st_mode))
      (void)walk.walk(path);  // its callbacks cannot fail
  }
  return sum;
}

}  // namespace rw
