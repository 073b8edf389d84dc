// Segment files of message rows: append with a shared fsync, and replay into the lake.
//
// A segment: one line of text that names the format, an identifier and the columns; then records of u32 length, u64
// XXH3 of the payload, payload. A payload has one value per column: a byte for its kind, then the value. A segment that
// ends in the middle of a record was being written when its process died: nobody was told of that record.
#include "ingest/message_spool.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/cursor.h"
#include "ingest/content_hash.h"

namespace rw {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "rangewatch messages 1 ";
constexpr std::size_t kRecordHeader = 12;
constexpr std::size_t kMaxRecord = 16 << 20;  // a row with a body that settings asked to keep has 64 KiB of text
constexpr std::string_view kSuffix = ".rows";

enum class Kind : std::uint8_t { kNull = 0, kNumber = 1, kText = 2, kAddress = 3 };

// ---- one row

void put(std::string& out, Kind kind) { out += static_cast<char>(kind); }
template <typename T>
void put_number(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);  // every machine that we build for is little-endian
}

void encode(std::string& out, std::string_view text) {
  if (text.data() == nullptr) return put(out, Kind::kNull);
  put(out, Kind::kText);
  put_number(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}
void encode(std::string& out, const Ip& address) {
  put(out, Kind::kAddress);
  put_number(out, address.hi);
  put_number(out, address.lo);
}
template <typename T>
requires std::is_arithmetic_v<T>
void encode(std::string& out, T value) {
  put(out, Kind::kNumber);
  put_number(out, static_cast<std::int64_t>(value));
}
template <typename T>
void encode(std::string& out, const std::optional<T>& value) {
  value ? encode(out, *value) : put(out, Kind::kNull);
}

#define RW_SPOOL_ENCODE(name, ...) encode(out, row.name);
std::string encoded(const MailMessage& row) {
  std::string out(kRecordHeader, '\0');
  RW_MESSAGE_COLUMNS(RW_SPOOL_ENCODE, RW_SPOOL_ENCODE, RW_SPOOL_ENCODE, RW_SPOOL_ENCODE)
  const std::string_view payload = std::string_view(out).substr(kRecordHeader);
  const auto size = static_cast<std::uint32_t>(payload.size());
  const std::uint64_t check = hash_of(as_bytes(payload), 0).lo;
  std::memcpy(out.data(), &size, sizeof size);
  std::memcpy(out.data() + sizeof size, &check, sizeof check);
  return out;
}
#undef RW_SPOOL_ENCODE

#define RW_SPOOL_NAME(name, ...) #name,
constexpr std::string_view kColumns[] = {
    RW_MESSAGE_COLUMNS(RW_SPOOL_NAME, RW_SPOOL_NAME, RW_SPOOL_NAME, RW_SPOOL_NAME)};
#undef RW_SPOOL_NAME

// A value as it lies in the file. Text points into it.
struct Stored {
  Kind kind = Kind::kNull;
  std::int64_t number = 0;
  std::string_view text;
  Ip address;
};

void decode(const Stored& stored, std::string_view& value) {
  value = stored.kind == Kind::kText ? stored.text : std::string_view();
}
void decode(const Stored& stored, Ip& value) {
  if (stored.kind == Kind::kAddress) value = stored.address;
}
template <typename T>
requires std::is_arithmetic_v<T>
void decode(const Stored& stored, T& value) {
  if (stored.kind == Kind::kNumber) value = static_cast<T>(stored.number);
}
template <typename T>
void decode(const Stored& stored, std::optional<T>& value) {
  if (stored.kind == Kind::kNull) return;
  decode(stored, value.emplace());
}

bool read_values(std::string_view payload, std::vector<Stored>& values) {
  Cursor cursor(as_bytes(payload));
  for (Stored& value : values) {
    value = {};
    value.kind = static_cast<Kind>(cursor.u8());
    switch (value.kind) {
      case Kind::kNull: break;
      case Kind::kNumber: value.number = static_cast<std::int64_t>(cursor.u64_little()); break;
      case Kind::kText: value.text = as_text(cursor.bytes(cursor.u32_little())); break;
      case Kind::kAddress: {
        const std::uint64_t hi = cursor.u64_little();
        value.address = Ip{hi, cursor.u64_little()};
        break;
      }
      default: return false;
    }
    // An empty text is not a null one.
    if (value.kind == Kind::kText && value.text.data() == nullptr) value.text = "";
  }
  return cursor.ok() && cursor.left() == 0;
}

// ---- one segment

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<std::string_view> split_words(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

// What is missing in a file of another version stays null; columns that we do not know are left out.
class SegmentReader {
 public:
  explicit SegmentReader(std::string_view bytes) : rest_(bytes) {
    const std::size_t end = rest_.find('\n');
    if (!rest_.starts_with(kMagic) || end == std::string_view::npos) return;
    std::vector<std::string_view> words = split_words(rest_.substr(kMagic.size(), end - kMagic.size()));
    if (words.size() < 2) return;
    words.erase(words.begin());  // the identifier
    values_.resize(words.size());
    for (const std::string_view own : kColumns) {
      const auto it = std::find(words.begin(), words.end(), own);
      places_.push_back(it == words.end() ? nullptr : &values_[static_cast<std::size_t>(it - words.begin())]);
    }
    rest_.remove_prefix(end + 1);
    readable_ = true;
  }
  bool readable() const { return readable_; }
  std::uint64_t damaged() const { return damaged_; }

  bool next(MailMessage& row) {
    while (rest_.size() >= kRecordHeader) {
      std::uint32_t size = 0;
      std::uint64_t check = 0;
      std::memcpy(&size, rest_.data(), sizeof size);
      std::memcpy(&check, rest_.data() + sizeof size, sizeof check);
      if (size > kMaxRecord || size > rest_.size() - kRecordHeader) break;
      const std::string_view payload = rest_.substr(kRecordHeader, size);
      rest_.remove_prefix(kRecordHeader + size);
      if (hash_of(as_bytes(payload), 0).lo != check || !read_values(payload, values_)) {
        ++damaged_;
        continue;
      }
      fill(row);
      return true;
    }
    return false;  // the end, or a record that nobody was told of
  }

 private:
  void fill(MailMessage& row) {
    row = {};
    std::size_t i = 0;
#define RW_SPOOL_DECODE(name, ...)                          \
  if (places_[i] != nullptr) decode(*places_[i], row.name); \
  ++i;
    RW_MESSAGE_COLUMNS(RW_SPOOL_DECODE, RW_SPOOL_DECODE, RW_SPOOL_DECODE, RW_SPOOL_DECODE)
#undef RW_SPOOL_DECODE
  }

  std::string_view rest_;
  std::vector<Stored> values_;
  std::vector<const Stored*> places_;  // of our columns, in order
  bool readable_ = false;
  std::uint64_t damaged_ = 0;
};

std::string segment_header() {
  std::random_device random;  // two segments with the same rows are two
  std::string line(kMagic);
  for (int i = 0; i < 4; ++i) line += std::to_string(random());
  for (const std::string_view column : kColumns) line.append(1, ' ').append(column);
  return line + "\n";
}

Failure io_failure(const std::string& what, const std::string& path) {
  return Failure(ErrorCode::kIo, what + " " + path + ": " + std::strerror(errno));
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool sync_folder(const std::string& folder) {
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return false;
  const bool ok = ::fsync(file) == 0;
  ::close(file);
  return ok;
}

Result<bool> is_known(Lake& lake, const InputIdentity& identity) {
  RW_ASSIGN(const auto known, lake.known_inputs(identity.head_hash, UINT64_MAX));
  for (const KnownInput& one : known)
    if (one.bytes == identity.bytes && one.hash_hi == identity.hash_hi && one.hash_lo == identity.hash_lo) return true;
  return false;
}

// One segment into the lake, unless it is there already.
Result<void> take_segment(Lake& lake, const std::string& path, MessageSpool::Committed& committed) {
  const std::string bytes = read_file(path);
  SegmentReader reader(bytes);
  if (!reader.readable()) {
    // A file that ends within its first line held nothing yet. One that begins otherwise is not ours to throw away.
    if (bytes.find('\n') == std::string::npos) return {};
    ++committed.damaged;
    const std::string aside = path + ".unreadable";
    if (::rename(path.c_str(), aside.c_str()) != 0) return io_failure("cannot move", path);
    return {};
  }
  InputIdentity identity;
  identity.name = "milter";
  identity.format = "message-spool";
  identity.bytes = bytes.size();
  const Hash128 hash = hash_of(as_bytes(bytes), lake.hash_seed());
  identity.hash_hi = hash.hi;
  identity.hash_lo = hash.lo;
  const Bytes head = as_bytes(std::string_view(bytes).substr(0, InputIdentity::kHeadBytes));
  identity.head_hash = hash_of(head, lake.hash_seed()).lo;
  RW_ASSIGN(const bool known, is_known(lake, identity));
  if (known) {
    ++committed.known;
    return {};
  }
  RW_ASSIGN(const auto transaction, lake.begin_ingest());
  Emitter emitter(*transaction, identity.name, identity.format, Timestamp::now());
  MailMessage row;
  while (reader.next(row)) emitter.add(row);
  for (std::uint64_t i = 0; i < reader.damaged(); ++i) emitter.weird("spool-damaged", path);
  RW_TRY(emitter.finish());
  const Emitter::Counts counts = emitter.counts();
  RW_TRY(transaction->commit(identity, counts));
  const auto it = counts.rows.find("messages");
  committed.rows += it == counts.rows.end() ? 0 : it->second;
  committed.damaged += reader.damaged();
  return {};
}

}  // namespace

MessageSpool::~MessageSpool() {
  if (segment_ >= 0) ::close(segment_);
  if (lock_ >= 0) ::close(lock_);
}

Result<void> MessageSpool::take_lock() {
  std::error_code error;
  fs::create_directories(folder_, error);
  const std::string path = folder_ + "/lock";
  lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (lock_ < 0) return io_failure("cannot open", path);
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0)
    return Failure(ErrorCode::kConflict,
                   "another process writes into " + folder_ + "; give this one a lake of its own");
  return {};
}

Result<void> MessageSpool::find_segments() {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(kSuffix)) continue;
    number_ = std::max<std::uint64_t>(number_, std::strtoull(name.c_str(), nullptr, 10));
    bytes_ += entry.file_size(error);
    ++left_over_;
  }
  if (error) return Failure(ErrorCode::kIo, "cannot read " + folder_ + ": " + error.message());
  return {};
}

Result<std::unique_ptr<MessageSpool>> MessageSpool::open(const std::string& folder) {
  std::unique_ptr<MessageSpool> spool(new MessageSpool(folder));
  RW_TRY(spool->take_lock());
  RW_TRY(spool->find_segments());
  return spool;
}

Result<void> MessageSpool::begin_segment() {
  char name[32];
  std::snprintf(name, sizeof name, "/%012llu", static_cast<unsigned long long>(++number_));
  const std::string path = folder_ + name + std::string(kSuffix);
  segment_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0640);
  if (segment_ < 0) return io_failure("cannot make", path);
  const std::string header = segment_header();
  if (!write_all(segment_, header) || !sync_folder(folder_)) {
    const Failure failure = io_failure("cannot write", path);
    ::close(segment_);
    segment_ = -1;
    ::unlink(path.c_str());
    return failure;
  }
  good_bytes_ = header.size();
  bytes_ += header.size();
  return {};
}

// Records behind what is durable already. On failure nothing of them stays, and the next ones go into a new file: half
// a record may lie at the end of this one.
Result<void> MessageSpool::write_batch(const std::string& records) {
  if (write_all(segment_, records) && ::fdatasync(segment_) == 0) return {};
  const Failure failure = io_failure("cannot write into", folder_);
  static_cast<void>(::ftruncate(segment_, static_cast<off_t>(good_bytes_)));
  return failure;
}

// Makes the batch that gathers durable, for all who wait for it. The lock is given up while the disk works.
void MessageSpool::flush(std::unique_lock<std::mutex>& lock) {
  flushing_ = true;
  const std::shared_ptr<Batch> batch = std::exchange(batch_, std::make_shared<Batch>());
  Result<void> result;
  if (segment_ < 0) result = begin_segment();
  if (result) {
    lock.unlock();
    result = write_batch(batch->records);
    lock.lock();
    if (result) good_bytes_ += batch->records.size();
    if (!result || good_bytes_ > kSegmentBytes) ::close(std::exchange(segment_, -1));
  }
  if (!result) {
    bytes_ -= batch->records.size();
    batch->failure = result.error().message;
  }
  batch->done = true;
  flushing_ = false;
  flushed_.notify_all();
}

Result<void> MessageSpool::add(const MailMessage& row) {
  const std::string record = encoded(row);
  std::unique_lock lock(mutex_);
  if (record.size() > kMaxRecord || bytes_ + record.size() > kMostBytes)
    return Failure(ErrorCode::kLimit, "the spool " + folder_ + " is full: can the lake be written?");
  const std::shared_ptr<Batch> batch = batch_;
  batch->records += record;
  bytes_ += record.size();
  while (!batch->done) {
    if (flushing_)
      flushed_.wait(lock);
    else
      flush(lock);
  }
  if (!batch->failure.empty()) return Failure(ErrorCode::kIo, batch->failure);
  return {};
}

void MessageSpool::rotate() {
  std::unique_lock lock(mutex_);
  while (flushing_) flushed_.wait(lock);
  if (segment_ >= 0) ::close(std::exchange(segment_, -1));
}

Result<MessageSpool::Committed> MessageSpool::commit(Lake& lake) {
  rotate();
  std::vector<std::string> paths;
  {
    const std::lock_guard lock(mutex_);  // no segment begins while the folder is listed
    std::error_code error;
    char open_name[32] = "";
    if (segment_ >= 0) std::snprintf(open_name, sizeof open_name, "%012llu", static_cast<unsigned long long>(number_));
    for (const auto& entry : fs::directory_iterator(folder_, error)) {
      const std::string name = entry.path().filename().string();
      if (name.ends_with(kSuffix) && (segment_ < 0 || !name.starts_with(open_name)))
        paths.push_back(entry.path().string());
    }
    if (error) return Failure(ErrorCode::kIo, "cannot read " + folder_ + ": " + error.message());
  }
  std::sort(paths.begin(), paths.end());
  Committed committed;
  for (const std::string& path : paths) {
    RW_TRY(take_segment(lake, path, committed));
    std::error_code error;
    const std::uint64_t size = fs::file_size(path, error);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return io_failure("cannot remove", path);
    const std::lock_guard lock(mutex_);
    bytes_ -= std::min(bytes_, size);
  }
  return committed;
}

}  // namespace rw
