// Answers kept for as long as their authorities allow, in front of another resolver.
#include <chrono>
#include <list>
#include <mutex>
#include <unordered_map>

#include "resolver/names.h"
#include "resolver/resolver.h"

namespace rw {
namespace {

constexpr std::uint32_t kMaxPositiveSeconds = 86'400;
constexpr std::uint32_t kMaxAbsentSeconds = 900;  // somebody who just published a record should not wait for long
constexpr std::uint32_t kMaxFailedSeconds = 10;   // but a server in trouble is not asked for each message

std::int64_t steady_clock() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

class CachingResolver final : public Resolver {
 public:
  CachingResolver(std::shared_ptr<Resolver> behind, std::size_t max_entries, std::int64_t (*clock)())
      : behind_(std::move(behind)), max_entries_(max_entries), clock_(clock == nullptr ? steady_clock : clock) {}

  DnsReply lookup(std::string_view name, DnsType type) override {
    const std::string key = key_of(name, type);
    if (DnsReply reply; !key.empty() && find(key, reply)) return reply;
    DnsReply reply = behind_->lookup(name, type);
    if (!key.empty()) keep(key, reply);
    return reply;
  }

  std::vector<DnsReply> lookup(std::span<const DnsQuestion> questions) override {
    std::vector<DnsReply> replies(questions.size());
    std::vector<DnsQuestion> missing;
    std::unordered_map<std::string, std::size_t> index_of;  // of a missing key in `missing`
    std::vector<std::pair<std::size_t, std::size_t>> wanted;
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const std::string key = key_of(questions[i].name, questions[i].type);
      if (!key.empty() && find(key, replies[i])) continue;
      const auto [it, fresh] = index_of.try_emplace(key.empty() ? "!" + std::to_string(i) : key, missing.size());
      if (fresh) missing.push_back(questions[i]);
      wanted.emplace_back(i, it->second);
    }
    if (missing.empty()) return replies;
    const std::vector<DnsReply> got = behind_->lookup(missing);
    for (const auto& [key, at] : index_of)
      if (!key.starts_with('!')) keep(key, got[at]);
    for (const auto& [i, at] : wanted) replies[i] = got[at];
    return replies;
  }

  std::string description() const override { return behind_->description(); }

 private:
  struct Entry {
    std::string key;
    DnsReply reply;
    std::int64_t kept_at = 0;
    std::int64_t until = 0;
  };

  // "16/example.org"; "" for a name that cannot be one: those cost nothing to ask.
  static std::string key_of(std::string_view name, DnsType type) {
    std::string canonical;
    if (!canonical_name(name, canonical)) return {};
    return std::to_string(static_cast<unsigned>(type)) + "/" + canonical;
  }

  bool find(const std::string& key, DnsReply& reply) {
    const std::lock_guard lock(mutex_);
    const auto it = index_.find(key);
    if (it == index_.end()) return false;
    const std::int64_t now = clock_();
    if (now >= it->second->until) {
      entries_.erase(it->second);
      index_.erase(it);
      return false;
    }
    reply = it->second->reply;
    const std::int64_t passed = (now - it->second->kept_at) / 1'000'000;
    reply.ttl = passed < reply.ttl ? reply.ttl - static_cast<std::uint32_t>(passed) : 0;
    return true;
  }

  void keep(const std::string& key, const DnsReply& reply) {
    const std::uint32_t seconds =
        reply.state == DnsState::kFailed
            ? kMaxFailedSeconds
            : std::min(reply.ttl, reply.state == DnsState::kPresent ? kMaxPositiveSeconds : kMaxAbsentSeconds);
    if (seconds == 0 || max_entries_ == 0) return;
    const std::lock_guard lock(mutex_);
    if (const auto it = index_.find(key); it != index_.end()) {
      entries_.erase(it->second);
      index_.erase(it);
    }
    const std::int64_t now = clock_();
    entries_.push_back({key, reply, now, now + std::int64_t{seconds} * 1'000'000});
    index_[key] = std::prev(entries_.end());
    if (entries_.size() > max_entries_) {
      index_.erase(entries_.front().key);
      entries_.pop_front();
    }
  }

  std::shared_ptr<Resolver> behind_;
  std::size_t max_entries_;
  std::int64_t (*clock_)();
  std::mutex mutex_;
  std::list<Entry> entries_;  // oldest first
  std::unordered_map<std::string, std::list<Entry>::iterator> index_;
};

}  // namespace

std::unique_ptr<Resolver> make_caching_resolver(std::shared_ptr<Resolver> behind, std::size_t max_entries,
                                                std::int64_t (*clock)()) {
  return std::make_unique<CachingResolver>(std::move(behind), max_entries, clock);
}

}  // namespace rw
