// Batches to Parquet files: a pool of threads that sort, split by day and write, with a bounded queue before it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/result.h"
#include "lake/catalog.h"
#include "lake/engine.h"
#include "model/batch.h"

namespace rw {

// A file in staging that waits for its commit.
struct StagedFile {
  std::string staged_path;  // absolute
  FileEntry entry;          // its path is where it goes
};
struct WrittenBatch {
  std::vector<StagedFile> files;
  std::set<std::pair<std::string, std::int64_t>> observed;  // sensor, hour since 1970
};

// Writes `batch` as one file or, where it has many rows a day, one per day. `name` is unique in the lake and starts
// every file's.
Result<WrittenBatch> write_batch(duck::Connection& connection, const Batch& batch, const std::string& staging,
                                 const std::string& name);

// Jobs run on `threads` threads, each with a connection of its own. submit() blocks while the queue is full, which is
// what bounds the memory of an ingest.
class WriterPool {
 public:
  using Job = std::function<void(duck::Connection&)>;
  static Result<std::unique_ptr<WriterPool>> start(unsigned threads, std::size_t queue, std::uint64_t memory_bytes,
                                                   const std::string& directory);
  ~WriterPool();
  void submit(Job job);

 private:
  WriterPool() = default;
  void work(duck::Connection& connection);

  std::unique_ptr<duck::Engine> engine_;
  std::vector<std::unique_ptr<duck::Connection>> connections_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> queue_;
  std::size_t capacity_ = 2;
  bool stopping_ = false;
};

}  // namespace rw
