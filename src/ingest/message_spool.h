// Rows of live messages, durable before anybody is told so, and in the lake a little later: what the milter writes
// into.
//
//   RW_ASSIGN(auto spool, MessageSpool::open(folder));   // what a crash left there waits for the next commit
//   spool->add(row)        // any thread; returns when the row survives a crash
//   spool->commit(lake)    // every few seconds: rows become visible to queries
//
// Rows are appended to a segment file, and one fsync serves all that wait for it. A commit begins a new segment and
// takes the old ones into the lake as inputs, each known by its content: whatever dies between the lake's transaction
// and the removal of the file, no row is lost and none comes twice.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "lake/lake.h"
#include "model/records.h"

namespace rw {

class MessageSpool {
 public:
  // All segments together: what waits when the lake cannot be written. 1 GiB is a million messages.
  static constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;
  static constexpr std::uint64_t kSegmentBytes = 32 << 20;  // then a new one begins: each is read whole

  // Makes the folder. kConflict: another process has it; kIo.
  static Result<std::unique_ptr<MessageSpool>> open(const std::string& folder);
  ~MessageSpool();
  MessageSpool(const MessageSpool&) = delete;
  MessageSpool& operator=(const MessageSpool&) = delete;

  // Any thread. kLimit: kMostBytes wait already; kIo: the disk is full or broken. Then the row is not kept.
  Result<void> add(const MailMessage& row);

  struct Committed {
    std::uint64_t rows = 0;
    std::uint64_t damaged = 0;  // records that cannot be read: bytes changed on the disk; a whole file of them is kept
    std::uint64_t known = 0;    // segments that were in the lake already
  };
  // One thread at a time, that of the lake. On failure everything stays in the spool for the next time.
  Result<Committed> commit(Lake& lake);
  // Segments that a former process left, found by open().
  std::size_t left_over() const { return left_over_; }

 private:
  explicit MessageSpool(std::string folder) : folder_(std::move(folder)) {}
  Result<void> take_lock();
  Result<void> find_segments();
  Result<void> begin_segment();  // with mutex_ held
  void rotate();
  void flush(std::unique_lock<std::mutex>& lock);
  Result<void> write_batch(const std::string& records);

  // Rows that one fsync makes durable.
  struct Batch {
    std::string records;
    bool done = false;
    std::string failure;
  };

  std::string folder_;
  int lock_ = -1;
  std::size_t left_over_ = 0;

  std::mutex mutex_;
  std::condition_variable flushed_;
  int segment_ = -1;  // the open one
  std::uint64_t number_ = 0;
  std::uint64_t bytes_ = 0;                                   // in all segments
  std::uint64_t good_bytes_ = 0;                              // of the open segment, durable
  std::shared_ptr<Batch> batch_ = std::make_shared<Batch>();  // the one that gathers
  bool flushing_ = false;
};

}  // namespace rw
