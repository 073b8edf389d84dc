// What NetFlow v9 and IPFIX share: templates, data sets, options data, and the waiting for each of them.
#include "format/netflow.h"

#include <algorithm>
#include <cctype>

#include "format/netflow_record.h"
#include "model/escape.h"

namespace rw::flow_export {

void tell_gap(const Domain& domain, const SequenceTracker::Gap& gap, Emitter& emitter) {
  emitter.weird("export-sequence-gap",
                domain.sensor + ": " + std::to_string(gap.count) + " missing from " + std::to_string(gap.from));
}

bool sets_shape(Bytes sets, std::uint16_t first_template_set) {
  if (sets.size() < 4) return false;
  const auto first_id = Cursor(sets).u16();
  const bool plausible = first_id >= 256 || first_id == first_template_set || first_id == first_template_set + 1;
  bool cut = false;
  return plausible && each_set(sets, cut, [](std::uint16_t, Bytes) {}) && !cut;
}

void release_held(State& state, Domain& domain, Emitter& emitter, const std::uint64_t* sampler) {
  const auto emit = [&](std::uint64_t id, std::deque<HeldFlow>& flows) {
    std::uint32_t rate = domain.sampling.for_sampler(id);
    if (rate == 0) {
      rate = std::max(domain.sampling.for_domain(), 1u);
      emitter.weird("sampler-unknown",
                    domain.sensor + " sampler " + std::to_string(id) + ": " + std::to_string(flows.size()) + " flows");
    }
    for (HeldFlow& held : flows) {
      emitter.reference_time({held.export_us});
      held.flow.sampling = rate;
      emitter.add(held.flow);
    }
    state.held_flows -= flows.size();
  };
  if (sampler != nullptr) {
    const auto it = domain.held.find(*sampler);
    if (it == domain.held.end()) return;
    emit(it->first, it->second);
    domain.held.erase(it);
  } else {
    std::vector<std::uint64_t> samplers;
    for (const auto& [id, flows] : domain.held) samplers.push_back(id);
    std::ranges::sort(samplers);
    for (const std::uint64_t id : samplers) emit(id, domain.held[id]);
    domain.held.clear();
  }
}

Message::Message(State& state, Domain& domain, Emitter& emitter, const ExportClock& clock, bool netflow9)
    : state_(state), domain_(domain), emitter_(emitter), clock_(clock), netflow9_(netflow9) {
  if (!clock_.has_uptime) clock_.init_ms = domain.init_ms;
  emitter_.reference_time({clock_.export_us});
}

void Message::weird(std::string_view code, std::string_view detail) {
  std::string text = domain_.sensor;
  if (!detail.empty()) text.append(" ").append(detail);
  emitter_.weird(code, text);
}

void Message::add_template(std::uint16_t id, Template&& layout) {
  if (id < 256) return weird("bad-template", "id " + std::to_string(id));
  auto& templates = domain_.templates;
  const auto it = templates.find(id);
  if (it != templates.end() && it->second->options == layout.options && it->second->fields == layout.fields) return;
  const std::size_t cost = layout.fields.size() + kTemplateOverhead;
  if (layout.fields.size() > kMaxTemplateFields ||
      (it == templates.end() && templates.size() >= kMaxTemplatesPerDomain) ||
      state_.template_fields + cost > kMaxFieldsOverall)
    return weird("template-limit", "template " + std::to_string(id));
  if (!compile(layout, netflow9_)) {
    withdraw(id);  // what it described is over, and what comes now cannot be read
    return weird("bad-template", "template " + std::to_string(id) + " describes no record");
  }
  layout.fields.shrink_to_fit();
  layout.ops.shrink_to_fit();
  withdraw(id);
  state_.template_fields += cost;
  domain_.options_templates += layout.options ? 1 : 0;
  templates[id] = std::make_unique<Template>(std::move(layout));
  new_templates_.push_back(id);
}

void Message::withdraw(std::uint16_t id) {
  const auto it = domain_.templates.find(id);
  if (it == domain_.templates.end()) return;
  forget(*it->second);
  domain_.templates.erase(it);
}

void Message::forget(const Template& layout) {
  state_.template_fields -= layout.fields.size() + kTemplateOverhead;
  domain_.options_templates -= layout.options ? 1 : 0;
}

void Message::withdraw_all(bool options) {
  // A set may ask for this thousands of times.
  const std::size_t concerned =
      options ? domain_.options_templates : domain_.templates.size() - domain_.options_templates;
  if (concerned == 0) return;
  std::erase_if(domain_.templates, [&](const auto& entry) {
    if (entry.second->options != options) return false;
    forget(*entry.second);
    return true;
  });
}

void Message::data_set(std::uint16_t id, Bytes body) {
  const auto it = domain_.templates.find(id);
  if (it != domain_.templates.end()) return decode(*it->second, clock_, body);
  records_known_ = false;
  wait_for_template(id, body);
}

void Message::wait_for_template(std::uint16_t id, Bytes body) {
  WaitingSet set{clock_, {body.begin(), body.end()}};
  const std::size_t cost = set.cost();
  if (domain_.exporter->waiting_bytes + cost > kMaxWaitingBytesPerExporter ||
      state_.waiting_bytes + cost > kMaxWaitingBytesOverall)
    return weird("template-missing", "template " + std::to_string(id) + ", no room to wait");
  domain_.exporter->waiting_bytes += cost;
  state_.waiting_bytes += cost;
  domain_.waiting[id].push_back(std::move(set));
}

void Message::release_waiting(std::uint16_t id) {
  const auto layout = domain_.templates.find(id);
  const auto waiting = domain_.waiting.find(id);
  if (layout == domain_.templates.end() || waiting == domain_.waiting.end()) return;
  for (WaitingSet& set : waiting->second) {
    domain_.exporter->waiting_bytes -= set.cost();
    state_.waiting_bytes -= set.cost();
    if (!set.clock.has_uptime) set.clock.init_ms = domain_.init_ms;
    emitter_.reference_time({set.clock.export_us});
    decode(*layout->second, set.clock, set.body);
  }
  domain_.waiting.erase(waiting);
  emitter_.reference_time({clock_.export_us});
}

void Message::finish() {
  // Options first: what waited for both finds its sampling rate.
  std::ranges::stable_sort(new_templates_, [&](std::uint16_t a, std::uint16_t b) {
    const auto is_options = [&](std::uint16_t id) {
      const auto it = domain_.templates.find(id);
      return it != domain_.templates.end() && it->second->options;
    };
    return is_options(a) && !is_options(b);
  });
  for (const std::uint16_t id : new_templates_) release_waiting(id);
  for (const std::uint64_t sampler : new_samplers_) release_held(state_, domain_, emitter_, &sampler);
  if (!new_samplers_.empty()) emitter_.reference_time({clock_.export_us});
}

bool Message::next_record(const Template& layout, Bytes& body, Values& values) {
  if (body.size() < layout.record_bytes) return false;  // the end, or padding (RFC 7011 3.3.1)
  std::size_t length = layout.record_bytes;
  if (layout.variable) {
    length = read_variable(layout, body, values);
    if (length == 0) {
      weird("truncated-record");
      return false;
    }
  } else {
    read_fixed(layout, body.data(), values);
  }
  body = body.subspan(length);
  ++records_;
  return true;
}

void Message::decode(const Template& layout, const ExportClock& clock, Bytes body) {
  Values values;
  if (layout.options) {
    while (next_record(layout, body, values)) options_record(layout, values);
    return;
  }
  const bool section = layout.has(Slot::kFrameSection) || layout.has(Slot::kIpSection);
  const std::uint32_t before = records_;
  if (!section && !has_addresses(layout)) {
    while (next_record(layout, body, values)) continue;
    if (records_ > before) weird("flow-without-addresses", std::to_string(records_ - before) + " records");
    return;
  }
  while (next_record(layout, body, values)) flow_record(layout, clock, values);
  state_.flows.flush(emitter_);
  if (records_ == before && !body.empty())
    weird("bad-set-length", std::to_string(body.size()) + " bytes hold no record");
}

void Message::flow_record(const Template& layout, const ExportClock& clock, const Values& values) {
  Flow& flow = state_.flows.next();
  fill_flow(layout, values, clock, flow);
  flow.sensor = domain_.sensor;
  if (layout.has(Slot::kFrameSection) || layout.has(Slot::kIpSection)) {
    if (!fill_from_section(layout, values, flow) && !has_addresses(layout)) return weird("sample-not-ip");
  }
  if (flow.end_time < flow.start_time) {
    weird("end-before-start");
    flow.end_time = flow.start_time;
  }
  flow.app = {};
  if (layout.has(Slot::kApplication) && !domain_.applications.empty()) {
    const auto it = domain_.applications.find(values[Slot::kApplication]);
    if (it != domain_.applications.end()) flow.app = it->second;
  }
  bool wait = false;
  flow.sampling = rate_of(layout, values, flow, wait);
  if (wait && hold(flow, values[layout.sampler], clock.export_us)) return;
  state_.flows.push(emitter_);
}

std::uint32_t Message::rate_of(const Template& layout, const Values& values, const Flow& flow, bool& wait) {
  if (layout.own_sampling) {
    if (const std::uint32_t rate = sampling_rate(layout, values)) return rate;
  }
  const SamplingTable& table = domain_.sampling;
  bool unknown = false;
  if (layout.sampler != Slot::kNone && values[layout.sampler] != 0) {
    if (const std::uint32_t rate = table.for_sampler(values[layout.sampler])) return rate;
    unknown = true;
  }
  const bool egress = flow.direction == 1;
  if (const auto& interface = egress ? flow.output_interface : flow.input_interface) {
    if (const std::uint32_t rate = table.for_interface(*interface)) return rate;
  }
  if (table.for_domain() != 0) return table.for_domain();
  wait = unknown;
  return 1;
}

// Keeps a copy of `flow` until its sampler is known. False where waiting is over: then the flow goes out as it is.
bool Message::hold(const Flow& flow, std::uint64_t sampler, std::int64_t export_us) {
  if (domain_.held.empty()) domain_.held_since_us = export_us;
  const bool too_long = export_us - domain_.held_since_us > kMaxHoldUs;
  if (domain_.hold_flows && (too_long || state_.held_flows >= kMaxHeldFlows)) {
    release_held(state_, domain_, emitter_, nullptr);
    emitter_.reference_time({export_us});
    domain_.hold_flows = false;
  }
  if (!domain_.hold_flows) {
    if (!told_sampler_) weird("sampler-unknown", "sampler " + std::to_string(sampler));
    told_sampler_ = true;
    return false;
  }
  domain_.held[sampler].push_back({flow, export_us});
  ++state_.held_flows;
  return true;
}

void Message::application_name(const Values& values) {
  std::string_view name = as_text(values.name);
  name = name.substr(0, std::min(name.find('\0'), kMaxApplicationName));
  if (name.empty() || state_.applications >= kMaxApplicationsOverall) return;
  std::string text = escape_text(name, kMaxApplicationName);
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (domain_.applications.emplace(values[Slot::kApplication], std::move(text)).second) ++state_.applications;
}

void Message::options_record(const Template& layout, const Values& values) {
  if (layout.has(Slot::kInitTime) && !netflow9_) {
    domain_.init_ms = static_cast<std::int64_t>(values[Slot::kInitTime] & ((1ULL << 52) - 1));
    clock_.init_ms = domain_.init_ms;
  }
  if (layout.has(Slot::kApplication) && layout.has(Slot::kApplicationName)) application_name(values);
  const std::uint32_t rate = sampling_rate(layout, values);
  if (rate == 0) return;
  bool added = false;
  bool fits = true;
  if (layout.sampler != Slot::kNone) {
    const std::uint64_t sampler = values[layout.sampler];
    fits = state_.samplers < kMaxSamplersOverall && domain_.sampling.set_sampler(sampler, rate, added);
    if (added) new_samplers_.push_back(sampler);
    domain_.hold_flows = true;
  } else if (layout.has(Slot::kScopeInterface)) {
    fits = state_.samplers < kMaxSamplersOverall &&
           domain_.sampling.set_interface(values[Slot::kScopeInterface], rate, added);
  } else {
    domain_.sampling.set_domain(rate);
  }
  if (added) ++state_.samplers;
  if (!fits) weird("sampler-limit");
}

}  // namespace rw::flow_export
