// The adapter for libunbound: the only file that knows its header. One thread drives it; any thread may ask.
#include <unbound.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <thread>

#include "resolver/names.h"
#include "resolver/resolver.h"

namespace rw {
namespace {

using Clock = std::chrono::steady_clock;

// Questions that one lookup waits for.
struct Batch {
  std::mutex mutex;
  std::condition_variable done;
  std::size_t left = 0;
  std::vector<DnsReply> replies;
};

class UnboundResolver;

struct Job {
  const UnboundResolver* owner = nullptr;
  std::string name;  // canonical
  std::uint16_t type = 0;
  Batch* batch = nullptr;  // outlives the job: its lookup waits
  std::size_t index = 0;
  int id = -1;  // libunbound's, for cancelling
  bool finished = false;
  Clock::time_point deadline;
};

std::string rcode_name(int rcode) {  // RFC 1035 4.1.1, RFC 2136 2.2
  constexpr const char* kNames[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
  return rcode >= 0 && rcode < 6 ? kNames[rcode] : "response code " + std::to_string(rcode);
}

bool parse_port(std::string_view text, std::uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port != 0;
}

std::string human_seconds(Duration duration) {
  std::string text = std::to_string(duration.us / 1'000'000);
  if (const std::int64_t tenths = duration.us / 100'000 % 10; tenths != 0) text += "." + std::to_string(tenths);
  return text + " s";
}

class UnboundResolver final : public Resolver {
 public:
  explicit UnboundResolver(const UnboundOptions& options) : options_(options) {
    if (options_.concurrency == 0) options_.concurrency = 1;
  }

  ~UnboundResolver() override {
    if (driver_.joinable()) {
      {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
      }
      wake();
      driver_.join();
    }
    if (context_ != nullptr) ub_ctx_delete(context_);
    if (wake_fd_ >= 0) close(wake_fd_);
  }

  Result<void> start() {
    RW_TRY(configure());
    // The library's worker is a thread of this process; its answers come back through a pipe.
    if (ub_ctx_async(context_, 1) != 0) return Failure(ErrorCode::kInternal, "libunbound was built without threads");
    // Makes the library take its settings now: a wrong anchor is told here and not by each question.
    if (ub_ctx_zone_remove(context_, "nowhere.invalid.") != 0)
      return Failure(ErrorCode::kUsage, "libunbound does not take its settings: a trust anchor is none");
    wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_fd_ < 0) return Failure(ErrorCode::kIo, "no file descriptor is left for the resolver");
    driver_ = std::thread([this] { drive(); });
    return {};
  }

  DnsReply lookup(std::string_view name, DnsType type) override {
    const DnsQuestion question{std::string(name), type};
    return std::move(lookup(std::span(&question, 1)).front());
  }

  std::vector<DnsReply> lookup(std::span<const DnsQuestion> questions) override {
    Batch batch;
    batch.replies.resize(questions.size());
    std::vector<Job> jobs;
    for (std::size_t i = 0; i < questions.size(); ++i) {
      Job job;
      DnsReply& reply = batch.replies[i];
      if (!canonical_name(questions[i].name, job.name)) {
        reply.state = DnsState::kAbsent;
        reply.canonical_name = questions[i].name;
        continue;
      }
      reply.canonical_name = job.name;
      job.owner = this;
      job.type = static_cast<std::uint16_t>(questions[i].type);
      job.batch = &batch;
      job.index = i;
      jobs.push_back(std::move(job));
    }
    batch.left = jobs.size();
    if (jobs.empty()) return std::move(batch.replies);
    {
      const std::lock_guard lock(mutex_);
      std::move(jobs.begin(), jobs.end(), std::back_inserter(waiting_));
    }
    wake();
    std::unique_lock lock(batch.mutex);
    batch.done.wait(lock, [&] { return batch.left == 0; });
    return std::move(batch.replies);
  }

  std::string description() const override {
    std::string text = std::string("libunbound ") + ub_version() + (validating_ ? ", validating" : ", not validating");
    if (options_.recursive) return text + ", asking from the root";
    return text + ", forwarding to " + from();
  }

 private:
  std::string from() const {
    if (options_.recursive) return "the authorities";
    if (options_.forwarders.empty()) return "the servers of /etc/resolv.conf";
    std::string text;
    for (const std::string& one : options_.forwarders) text += (text.empty() ? "" : ", ") + one;
    return text;
  }

  Result<void> configure() {
    context_ = ub_ctx_create();
    if (context_ == nullptr) return Failure(ErrorCode::kInternal, "libunbound cannot be set up");
    ub_ctx_debugout(context_, nullptr);  // it would write to standard error
    const std::string per_thread = std::to_string(std::max(options_.concurrency * 2, 64U));
    const std::string cache = std::to_string(options_.cache_bytes / 3),
                      records = std::to_string(options_.cache_bytes * 2 / 3);
    const std::string max_ttl = std::to_string(options_.max_ttl);
    const std::pair<const char*, const char*> settings[] = {
        {"outgoing-range:", per_thread.c_str()},
        {"num-queries-per-thread:", per_thread.c_str()},
        {"msg-cache-size:", cache.c_str()},
        {"rrset-cache-size:", records.c_str()},
        {"cache-max-ttl:", max_ttl.c_str()},
        {"do-not-query-localhost:", "no"},  // a forwarder there is common
        {"infra-keep-probing:", "yes"},     // a server that was down for a moment is asked again
        {"infra-host-ttl:", "60"},
        {"unblock-lan-zones:", "yes"},  // the user's own server knows them
        {"insecure-lan-zones:", "yes"},
    };
    for (const auto& [name, value] : settings) RW_TRY(set(name, value));
    // Reverse zones of documentation addresses and the zone for tests, which the library would answer by itself.
    for (const char* zone : {"test.", "2.0.192.in-addr.arpa.", "100.51.198.in-addr.arpa.", "113.0.203.in-addr.arpa.",
                             "8.b.d.0.1.0.0.2.ip6.arpa."})
      RW_TRY(set("local-zone:", (std::string(zone) + " nodefault").c_str()));
    RW_TRY(set_servers());
    return set_anchors();
  }

  Result<void> set(const char* name, const char* value) {
    if (const int error = ub_ctx_set_option(context_, name, value); error != 0)
      return Failure(ErrorCode::kInternal,
                     std::string("libunbound refuses ") + name + " " + value + ": " + ub_strerror(error));
    return {};
  }

  Result<void> set_servers() {
    if (options_.recursive) return {};
    for (const std::string& forwarder : options_.forwarders) {
      const std::size_t at = forwarder.find('@');
      std::uint16_t port = 53;
      const bool good_port = at == std::string::npos || parse_port(std::string_view(forwarder).substr(at + 1), port);
      if (!Ip::parse(forwarder.substr(0, at)) || !good_port || ub_ctx_set_fwd(context_, forwarder.c_str()) != 0)
        return Failure(ErrorCode::kUsage, "'" + forwarder + "' is no resolver: give ADDRESS or ADDRESS@PORT");
    }
    if (options_.forwarders.empty() && ub_ctx_resolvconf(context_, nullptr) != 0)
      return Failure(ErrorCode::kNotFound, "/etc/resolv.conf names no resolver; give one with --resolver ADDRESS");
    return {};
  }

  Result<void> set_anchors() {
    if (!options_.validate) return set("module-config:", "iterator");
    std::string file = options_.trust_anchor_file;
    if (file.empty() && options_.trust_anchors.empty())
      for (const char* place : {"/usr/share/dns/root.key", "/var/lib/unbound/root.key"})
        if (access(place, R_OK) == 0) {
          file = place;
          break;
        }
    if (!file.empty()) {
      if (access(file.c_str(), R_OK) != 0 || ub_ctx_add_ta_file(context_, file.c_str()) != 0)
        return Failure(ErrorCode::kNotFound, "cannot read the trust anchor " + file);
      validating_ = true;
    }
    for (const std::string& anchor : options_.trust_anchors) {
      if (ub_ctx_add_ta(context_, anchor.c_str()) != 0)
        return Failure(ErrorCode::kUsage, "'" + anchor + "' is no trust anchor");
      validating_ = true;
    }
    return {};
  }

  // ---- the driver: the only thread that calls the library

  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof one);
  }

  void drive() {
    for (;;) {
      bool stop = false;
      {
        const std::lock_guard lock(mutex_);
        stop = stopping_;
        for (; !stop && !waiting_.empty() && active_.size() < options_.concurrency; waiting_.pop_front())
          active_.push_back(std::move(waiting_.front()));
      }
      if (stop) return abandon();
      begin_questions();
      sweep();
      pollfd fds[] = {{wake_fd_, POLLIN, 0}, {ub_fd(context_), POLLIN, 0}};
      if (poll(fds, 2, milliseconds_to_wait()) < 0 && errno != EINTR) return abandon();
      std::uint64_t drained = 0;
      [[maybe_unused]] const auto got = read(wake_fd_, &drained, sizeof drained);
      if ((fds[1].revents & (POLLIN | POLLERR | POLLHUP)) != 0) ub_process(context_);
      expire();
    }
  }

  void begin_questions() {
    for (Job& job : active_) {
      if (job.id >= 0 || job.finished) continue;
      job.deadline = Clock::now() + std::chrono::microseconds(options_.timeout.us);
      const std::string name = job.name.empty() ? "." : job.name;
      const int error =
          ub_resolve_async(context_, name.c_str(), job.type, 1, &job, &UnboundResolver::answered, &job.id);
      if (error != 0) {
        job.id = 0;
        fail(job, std::string("libunbound: ") + ub_strerror(error));
      }
    }
  }

  static void answered(void* data, int error, ub_result* result) {
    Job& job = *static_cast<Job*>(data);
    if (error != 0)
      fail(job, std::string("libunbound: ") + ub_strerror(error));
    else
      job.owner->finish(job, *result);
    if (result != nullptr) ub_resolve_free(result);
  }

  int milliseconds_to_wait() const {
    Clock::time_point first = Clock::time_point::max();
    for (const Job& job : active_) first = std::min(first, job.deadline);
    if (active_.empty()) return -1;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(first - Clock::now()).count() + 1;
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
  }

  void expire() {
    const auto now = Clock::now();
    for (Job& job : active_)
      if (!job.finished && job.deadline <= now) {
        ub_cancel(context_, job.id);
        fail(job, "timed out after " + human_seconds(options_.timeout) + ", asking " + from());
      }
    sweep();
  }
  void sweep() {
    active_.remove_if([](const Job& job) { return job.finished; });
  }

  void abandon() {
    const std::lock_guard lock(mutex_);
    for (Job& job : active_) {
      if (job.finished) continue;
      ub_cancel(context_, job.id);
      fail(job, "the resolver was closed");
    }
    for (Job& job : waiting_) fail(job, "the resolver was closed");
    active_.clear();
    waiting_.clear();
  }

  std::string failure_of(const ub_result& result) const { return rcode_name(result.rcode) + " from " + from(); }

  void finish(Job& job, const ub_result& result) const {
    DnsReply reply;
    reply.canonical_name = job.name;
    if (std::string canonical; result.canonname != nullptr && canonical_name(result.canonname, canonical))
      reply.canonical_name = canonical;
    reply.ttl = result.ttl > 0 ? static_cast<std::uint32_t>(result.ttl) : 0;
    reply.security = result.bogus != 0    ? DnsSecurity::kBogus
                     : !validating_       ? DnsSecurity::kUnknown
                     : result.secure != 0 ? DnsSecurity::kSecure
                                          : DnsSecurity::kInsecure;
    if (result.bogus != 0) {
      reply.failure =
          std::string("bogus: ") + (result.why_bogus != nullptr ? result.why_bogus : "DNSSEC does not hold");
      if (reply.failure.find("for trust anchor .") != std::string::npos)  // every answer fails then
        reply.failure += " (this DNS server seems to strip signatures; ask another one, or do not validate)";
    } else if (result.rcode == 3) {
      reply.state = DnsState::kAbsent;
    } else if (result.rcode != 0) {
      reply.security = DnsSecurity::kUnknown;
      reply.failure = failure_of(result);
    } else if (result.havedata == 0) {
      reply.state = DnsState::kAbsent;
      reply.name_exists = true;
    } else {
      take_records(job, result, reply);
    }
    if (reply.state == DnsState::kFailed) reply.ttl = 0;
    deliver(job, std::move(reply));
  }

  static void take_records(const Job& job, const ub_result& result, DnsReply& reply) {
    for (int i = 0; result.data[i] != nullptr; ++i) {
      DnsRecord record;
      if (!decode_record(job.type, {result.data[i], static_cast<std::size_t>(result.len[i])}, record)) {
        reply.records.clear();
        reply.failure = "a malformed " + record_type_name(job.type) + " record";
        return;
      }
      reply.records.push_back(std::move(record));
    }
    reply.state = DnsState::kPresent;
    reply.name_exists = true;
  }

  static void fail(Job& job, std::string why) {
    DnsReply reply;
    reply.canonical_name = job.name;
    reply.failure = std::move(why);
    deliver(job, std::move(reply));
  }

  static void deliver(Job& job, DnsReply reply) {
    job.finished = true;
    const std::lock_guard lock(job.batch->mutex);
    job.batch->replies[job.index] = std::move(reply);
    if (--job.batch->left == 0) job.batch->done.notify_all();  // under the lock: the batch goes with its lookup
  }

  UnboundOptions options_;
  ub_ctx* context_ = nullptr;
  bool validating_ = false;
  int wake_fd_ = -1;
  std::thread driver_;
  std::mutex mutex_;
  bool stopping_ = false;
  std::deque<Job> waiting_;
  std::list<Job> active_;  // the driver's alone; jobs stay where they are, the library holds their addresses
};

}  // namespace

Result<std::unique_ptr<Resolver>> make_unbound_resolver(const UnboundOptions& options) {
  auto resolver = std::make_unique<UnboundResolver>(options);
  RW_TRY(resolver->start());
  return std::unique_ptr<Resolver>(std::move(resolver));
}

}  // namespace rw
