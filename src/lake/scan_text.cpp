// Rows as text: threads turn row groups into text, one writes them out in order.
#include <algorithm>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "lake/scan.h"
#include "lake/scan_tasks.h"

namespace rw::scan {
namespace {

constexpr std::size_t kAhead = 2;  // row groups per thread that may wait to be written: bounds the memory

// Columns of a block as pieces have them; gathered where only some rows passed.
class PieceMaker {
 public:
  explicit PieceMaker(const Plan& plan) : plan_(plan), columns_(plan.keys.size()), storage_(plan.keys.size()) {}

  Piece make(RowGroupRows& rows, std::size_t count, std::span<const std::uint16_t> chosen) {
    for (std::size_t k = 0; k < plan_.keys.size(); ++k) {
      const Key& key = plan_.keys[k];
      columns_[k] = key.kind == Key::Kind::kAddress ? address(rows, key) : number(rows, key, count, k);
      if (chosen.size() < count) gather(k, chosen);
    }
    return {chosen.size(), columns_};
  }

 private:
  struct Storage {
    std::vector<std::uint64_t> first;
    std::vector<std::uint64_t> second;
    std::vector<std::uint8_t> valid;
  };

  static PieceColumn address(RowGroupRows& rows, const Key& key) {
    const RowGroupRows::Address found = rows.address(key.address);
    if (found.null) return {};
    if (found.v4) return {PieceColumn::Kind::kV4, found.small, nullptr, found.valid};
    return {PieceColumn::Kind::kAddress, found.high, found.low, found.valid};
  }

  PieceColumn number(RowGroupRows& rows, const Key& key, std::size_t count, std::size_t k) {
    const Cells cells = rows.number(key.number);
    if (cells.form == Cells::Form::kNull) return {};
    const auto kind = key.kind == Key::Kind::kTime ? PieceColumn::Kind::kTime : PieceColumn::Kind::kInteger;
    if (cells.form == Cells::Form::kArray) return {kind, cells.values, nullptr, cells.valid};
    storage_[k].second.assign(count, static_cast<std::uint64_t>(cells.constant));
    return {kind, storage_[k].second.data(), nullptr, nullptr};
  }

  template <typename T>
  static const void* gathered(const void* from, std::span<const std::uint16_t> chosen,
                              std::vector<std::uint64_t>& into) {
    if (from == nullptr) return nullptr;
    into.resize(std::max<std::size_t>(into.size(), kBlock));
    T* out = reinterpret_cast<T*>(into.data());
    for (std::size_t i = 0; i < chosen.size(); ++i) out[i] = static_cast<const T*>(from)[chosen[i]];
    return out;
  }

  void gather(std::size_t k, std::span<const std::uint16_t> chosen) {
    PieceColumn& column = columns_[k];
    Storage& into = storage_[k];
    const bool small = column.kind == PieceColumn::Kind::kV4;
    if (column.valid != nullptr) {
      into.valid.resize(kBlock);
      for (std::size_t i = 0; i < chosen.size(); ++i) into.valid[i] = column.valid[chosen[i]];
      column.valid = into.valid.data();
    }
    column.data = small ? gathered<std::uint32_t>(column.data, chosen, into.first)
                        : gathered<std::uint64_t>(column.data, chosen, into.first);
    if (column.more != nullptr) column.more = gathered<std::uint64_t>(column.more, chosen, into.second);
  }

  const Plan& plan_;
  std::vector<PieceColumn> columns_;
  std::vector<Storage> storage_;
};

class OrderedTexts {
 public:
  OrderedTexts(unsigned threads, std::size_t tasks) : threads_(threads), tasks_(tasks) {}

  Result<void> run(const std::function<TextMaker()>& maker, const std::function<bool(std::string_view)>& out) {
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < threads_; ++t) threads.emplace_back([this, &maker] { work(maker()); });
    for (std::size_t i = 0; i < tasks_; ++i) {
      std::string text;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stop_ || done_.contains(i); });
        if (stop_) break;
        text = std::move(done_[i]);
        done_.erase(i);
        written_ = i + 1;
      }
      changed_.notify_all();
      if (!text.empty() && !out(text)) break;
      const std::lock_guard lock(mutex_);
      spare_.push_back(std::move(text));
    }
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads) thread.join();
    return status_;
  }

 private:
  void work(const TextMaker& make) {
    for (;;) {
      std::size_t i = 0;
      std::string text;
      {
        std::unique_lock lock(mutex_);
        i = next_++;
        changed_.wait(lock, [&] { return stop_ || i < written_ + kAhead * threads_; });
        if (stop_ || i >= tasks_) return;
        if (!spare_.empty()) {
          text = std::move(spare_.back());
          spare_.pop_back();
        }
      }
      text.clear();
      const Result<void> made = make(i, text);
      const std::lock_guard lock(mutex_);
      if (!made) {
        if (status_) status_ = Failure(made.error());
        stop_ = true;
      }
      done_[i] = std::move(text);
      changed_.notify_all();
    }
  }

  unsigned threads_;
  std::size_t tasks_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t next_ = 0;
  std::size_t written_ = 0;
  std::map<std::size_t, std::string> done_;
  std::vector<std::string> spare_;  // memory that was written out, for the next
  bool stop_ = false;
  Result<void> status_;
};

// What one thread needs to turn row groups into text.
struct RowTexts {
  explicit RowTexts(const Plan& plan) : rows(*plan.table), maker(plan) {}
  RowGroupRows rows;
  PieceMaker maker;
};

}  // namespace

Result<void> texts_in_order(unsigned threads, std::size_t tasks, const std::function<TextMaker()>& maker,
                            const std::function<bool(std::string_view)>& out) {
  return OrderedTexts(threads, tasks).run(maker, out);
}

Result<bool> stream_text(const Query& query, const Plan& plan, const std::vector<FileEntry>& files,
                         const ScanOptions& options, const Store::WritePiece& write,
                         const std::function<bool(std::string_view)>& out) {
  const auto network = [](const Key& key) { return key.kind == Key::Kind::kPrefix; };
  if (!plan.rows || !query.order_by.empty() || query.limit > 0 ||
      std::any_of(plan.keys.begin(), plan.keys.end(), network))
    return false;
  auto tasks = Tasks::open(*plan.table, options.directory, files, options.threads, query.time);
  if (!tasks && tasks.error().code == ErrorCode::kUnsupported) return false;
  if (!tasks) return Failure(tasks.error());
  bool given = false;
  const Condition where = with_time(plan, query.time);
  const auto maker = [&]() -> TextMaker {
    return [&, own = std::make_shared<RowTexts>(plan)](std::size_t i, std::string& text) {
      RowGroupRows& rows = own->rows;
      rows.begin(tasks->files[tasks->tasks[i].file], tasks->tasks[i].row_group);
      for_each_block(rows, where, [&](std::size_t count, std::span<const std::uint16_t> chosen) {
        const Piece piece = own->maker.make(rows, count, chosen);
        if (rows.status()) write(piece, text);
      });
      return rows.status();
    };
  };
  const auto done = texts_in_order(tasks->threads, tasks->tasks.size(), maker, [&](std::string_view text) {
    given = true;
    return out(text);
  });
  if (!done && done.error().code == ErrorCode::kUnsupported && !given) return false;
  RW_TRY(done);
  return true;
}

}  // namespace rw::scan
