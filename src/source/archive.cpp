// tar and zip through libarchive (the one file that includes it).
#include "source/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "source/file_stream.h"

namespace rw {
namespace {

constexpr std::size_t kBlock = 256 << 10;
constexpr std::size_t kTarHeader = 512;  // POSIX ustar, one block

// The checksum of a tar header: the sum of its bytes with the checksum field taken as spaces, stored there in octal.
bool tar_checksum_fits(Bytes head) {
  if (head.size() < kTarHeader || head[0] == std::byte{0}) return false;
  constexpr std::size_t kField = 148;
  constexpr std::size_t kFieldBytes = 8;
  std::uint32_t sum = 0;
  std::int32_t signed_sum = 0;  // what some old tars wrote
  for (std::size_t i = 0; i < kTarHeader; ++i) {
    const auto byte = i - kField < kFieldBytes ? std::uint8_t{' '} : std::to_integer<std::uint8_t>(head[i]);
    sum += byte;
    signed_sum += static_cast<std::int8_t>(byte);
  }
  std::uint32_t stored = 0;
  bool any = false;
  for (std::size_t i = kField; i < kField + kFieldBytes; ++i) {
    const char digit = static_cast<char>(head[i]);
    if (digit >= '0' && digit <= '7') {
      stored = stored * 8 + static_cast<std::uint32_t>(digit - '0');
      any = true;
    } else if (any) {
      break;
    }
  }
  return any && (stored == sum || static_cast<std::int32_t>(stored) == signed_sum);
}

// What libarchive calls back to: our stream.
struct Input {
  ByteStream& stream;
  FileStream* seekable;
  std::vector<std::byte> buffer = std::vector<std::byte>(kBlock);
  Result<void> status;  // why reading stopped, in our words

  static la_ssize_t read(archive* handle, void* self, const void** data) {
    auto& input = *static_cast<Input*>(self);
    auto got = input.stream.read(input.buffer);
    if (!got) {
      input.status = Failure(got.error());
      archive_set_error(handle, EIO, "%s", got.error().message.c_str());
      return -1;
    }
    *data = input.buffer.data();
    return static_cast<la_ssize_t>(*got);
  }
  static la_int64_t seek(archive* handle, void* self, la_int64_t offset, int whence) {
    FileStream& file = *static_cast<Input*>(self)->seekable;
    std::int64_t base = 0;
    if (whence == SEEK_CUR) base = static_cast<std::int64_t>(file.offset());
    if (whence == SEEK_END) base = static_cast<std::int64_t>(file.size());
    const std::int64_t target = std::clamp<std::int64_t>(base + offset, 0, static_cast<std::int64_t>(file.size()));
    if (auto done = file.seek(static_cast<std::uint64_t>(target)); !done) {
      archive_set_error(handle, EIO, "%s", done.error().message.c_str());
      return ARCHIVE_FATAL;
    }
    return target;
  }
};

Failure broken(archive* handle, const Input& input, const std::string& what) {
  if (!input.status) return Failure(input.status.error());
  const char* text = archive_error_string(handle);
  return Failure(ErrorCode::kCorrupt, what + (text == nullptr ? std::string() : " (" + std::string(text) + ")"));
}

class MemberStream : public ByteStream {
 public:
  MemberStream(archive* handle, Input& input, ExpansionBudget& budget)
      : handle_(handle), input_(input), budget_(budget) {}

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    if (!status_) return Failure(status_.error());
    // A block at a time: of a longer read that fails, libarchive does not tell how much was good.
    while (left_.empty() && !ended_) {
      const void* data = nullptr;
      std::size_t size = 0;
      la_int64_t at = 0;
      const int status = archive_read_data_block(handle_, &data, &size, &at);
      if (status == ARCHIVE_EOF) {
        ended_ = true;
      } else if (status == ARCHIVE_OK || status == ARCHIVE_WARN) {
        if (at > offset_ + static_cast<la_int64_t>(hole_)) hole_ = static_cast<std::uint64_t>(at - offset_);
        left_ = {static_cast<const std::byte*>(data), size};
        if (hole_ > 0) break;
      } else {
        status_ = broken(handle_, input_, "the member is damaged");
        return Failure(status_.error());
      }
    }
    std::size_t count = 0;
    if (hole_ > 0) {  // of a sparse file
      count = static_cast<std::size_t>(std::min<std::uint64_t>(hole_, buffer.size()));
      std::fill_n(buffer.begin(), count, std::byte{0});
      hole_ -= count;
    } else {
      count = std::min(left_.size(), buffer.size());
      std::copy_n(left_.begin(), count, buffer.begin());
      left_ = left_.subspan(count);
    }
    offset_ += static_cast<la_int64_t>(count);
    if (auto allowed = budget_.spend(count); !allowed) {
      status_ = Failure(allowed.error());
      return Failure(allowed.error());
    }
    return count;
  }
  const Result<void>& status() const { return status_; }

 private:
  archive* handle_;
  Input& input_;
  ExpansionBudget& budget_;
  Bytes left_;
  la_int64_t offset_ = 0;
  std::uint64_t hole_ = 0;
  bool ended_ = false;
  Result<void> status_;
};

std::string member_name(archive_entry* entry) {
  const char* raw = archive_entry_pathname(entry);
  std::string name = raw == nullptr ? "(no name)" : raw;
  while (name.starts_with("./")) name.erase(0, 2);
  return name;
}

}  // namespace

Archive detect_archive(Bytes head) {
  const std::string_view text = as_text(head);
  using namespace std::string_view_literals;
  for (const auto magic : {"PK\x03\x04"sv, "PK\x05\x06"sv, "PK\x07\x08"sv})  // APPNOTE 4.3.7, 4.3.16, 8.5.3
    if (text.starts_with(magic)) return Archive::kZip;
  return tar_checksum_fits(head) ? Archive::kTar : Archive::kNone;
}

Result<void> read_archive(ByteStream& input, FileStream* seekable, Archive kind, std::uint64_t max_members,
                          ExpansionBudget& budget,
                          const std::function<Result<void>(const ArchiveMember&, ByteStream&)>& member) {
  const std::unique_ptr<archive, int (*)(archive*)> handle(archive_read_new(), archive_read_free);
  if (!handle) return Failure(ErrorCode::kLimit, "not enough memory to open the archive");
  if (kind == Archive::kTar)
    archive_read_support_format_tar(handle.get());
  else if (seekable != nullptr)
    archive_read_support_format_zip(handle.get());
  else
    archive_read_support_format_zip_streamable(handle.get());

  Input in{input, seekable};
  archive_read_set_callback_data(handle.get(), &in);
  archive_read_set_read_callback(handle.get(), &Input::read);
  if (seekable != nullptr) archive_read_set_seek_callback(handle.get(), &Input::seek);
  if (archive_read_open1(handle.get()) != ARCHIVE_OK) return broken(handle.get(), in, "the archive cannot be opened");

  for (std::uint64_t count = 0;;) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(handle.get(), &entry);
    if (status == ARCHIVE_EOF) return {};
    if (status == ARCHIVE_RETRY && ++count <= max_members) continue;
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
      return broken(handle.get(), in, "the archive breaks off after " + std::to_string(count) + " members");
    if (++count > max_members)
      return Failure(ErrorCode::kLimit, "the archive has more than " + std::to_string(max_members) + " members");
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) continue;
    ArchiveMember info;
    info.name = member_name(entry);
    info.encrypted = archive_entry_is_data_encrypted(entry) != 0;
    if (archive_entry_size_is_set(entry)) info.size = static_cast<std::uint64_t>(archive_entry_size(entry));
    MemberStream stream(handle.get(), in, budget);
    RW_TRY(member(info, stream));
    if (!stream.status() && stream.status().error().code == ErrorCode::kLimit) return Failure(stream.status().error());
  }
}

}  // namespace rw
