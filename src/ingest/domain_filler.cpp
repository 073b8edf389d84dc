// Registered domains for batches of DNS rows.
#include "ingest/domain_filler.h"

#include "enrich/registered_domain.h"

namespace rw {

Result<void> DomainFiller::take(Batch&& batch) {
  if (&batch.table() == &kDnsTable) {
    static const auto kName = static_cast<std::size_t>(find_column(kDnsTable, "name"));
    static const auto kDomain = static_cast<std::size_t>(find_column(kDnsTable, "registered_domain"));
    const ColumnBuffer& names = batch.column(kName);
    ColumnBuffer& domains = batch.column(kDomain);
    domains.clear();
    for (std::size_t row = 0; row < names.rows(); ++row) {
      const std::string_view domain = registered_domain(names.text(row));
      domain.data() == nullptr ? domains.put_null() : domains.put_symbol(domain);
    }
  }
  return next_.take(std::move(batch));
}

}  // namespace rw
