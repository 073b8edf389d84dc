// What a mail report says, in English and Japanese.
#include "section/texts_mail.h"

#include <algorithm>
#include <iterator>

namespace rw {
namespace {

// In the order of id. Sentences end with a full stop, titles and words do not. Japanese follows the terms of the
// trade there: 送信ドメイン認証 (authentication), 集約レポート (aggregate report), なりすまし (spoofing), 隔離 and
// 拒否.
constexpr TextLine kLines[] = {
    {"mail.advice.blocks", "Before the next step", "次の段階の前に"},
    {"mail.advice.done", "The policy of {0} is reject for all its mail: there is no further step.",
     "{0} のポリシーは、すべてのメールについて拒否（reject）です。これ以上の段階はありません。"},
    {"mail.advice.first", "to be mended", "対応が必要"},
    {"mail.advice.fix", "What to do first", "最初に行うこと"},
    {"mail.advice.forwarded",
     "Forwarders and mailing lists broke what was right in {0}: no record mends that; a DKIM signature on all mail "
     "survives most of it.",
     "転送とメーリングリストの影響で {0}が DMARC に失敗しました。これは DNS の設定では解消できませんが、すべてのメール"
     "に DKIM で署名すれば、多くの場合は影響を受けません。"},
    {"mail.advice.hit", "Would be hit", "影響を受けるメール（通）"},
    {"mail.advice.hold",
     "Stay at {0}: the next step, {1}, would hit {2} of {3} that should get through (with 95 % confidence at most {4}; "
     "{5} is allowed).",
     "現在の {0} を維持してください。次の段階 {1} に進むと、届くべき {3}のうち {2} 通に影響します（95 % 信頼上限 "
     "{4}、許容値 {5}）。"},
    {"mail.advice.limits",
     "Messages of one sender fail together, so the bound is a little too narrow where senders are few. Receivers that "
     "send no reports, and senders that write seldom, are not seen.",
     "同じ送信元のメールはまとめて失敗するため、送信元が少ない場合、上限はやや甘くなります。レポートを送らない受信側と"
     "、"
     "まれにしか送らない送信元は把握できません。"},
    {"mail.advice.look_again", "Look again on {0}.", "{0} に再度確認してください。"},
    {"mail.advice.mend", "To be mended first: {0}, of which {1} of {2} fail.",
     "先に対応が必要な送信元：{0}（{2}のうち {1} 通が失敗）。"},
    {"mail.advice.method",
     "The next step from none by quarantine to reject is advised where the aggregate reports bound the share of "
     "legitimate mail that it can hit: mail of our own, of services and of unknown senders that fails DMARC, as the "
     "upper end of a one-sided 95 % interval (Wilson score, or the rule of three where none fails).",
     "none から quarantine、reject へ進む次の段階は、届くべきメールへの影響が集約レポートから十分小さいと言える場合に推"
     "奨します。影響とは、自組織、配信サービス、種別不明の送信元のメールのうち DMARC に失敗したものの割合で、片側 95 % "
     "信頼区間の上限（Wilson スコア、失敗がない場合は 3 の法則）を用います。"},
    {"mail.advice.no_need", "nothing", "対応不要"},
    {"mail.advice.question", "What may be tightened next without harming anybody's mail?",
     "届くべきメールを妨げずに、次に何を強化できるか。"},
    {"mail.advice.record", "The record to publish", "公開するレコード"},
    {"mail.advice.record_name", "Name", "名前"},
    {"mail.advice.record_type", "Type", "種別"},
    {"mail.advice.record_value", "Text", "値"},
    {"mail.advice.refuse",
     "The reports are too thin for advice: {0}, receivers: {1}, {2} of senders that are or may be ours; needed are {3} "
     "days, {4} receivers and {5} messages.",
     "レポートが少なく、推奨はできません。現在は {0}分、報告元 {1} 件、{2}です。必要なのは {3} 日分以上、報告元 {4} "
     "件以上、"
     "自組織または不明の送信元のメール {5} 通以上です。"},
    {"mail.advice.senders", "Senders whose mail the next step would hit", "次の段階で影響を受ける送信元"},
    {"mail.advice.start",
     "{0} has no usable DMARC record: publish the one below, and reports begin to show who sends in its name.",
     "{0} には有効な DMARC "
     "レコードがありません。下記のレコードを公開すると、この名前で送信しているのが誰かをレポートで把握できるようになり"
     "ます。"},
    {"mail.advice.step",
     "The next step, from {0} to {1}, is safe: of {2} that should get through it would hit {3}, with 95 % confidence "
     "at most {4} ({5} is allowed).",
     "{0} から次の段階 {1} へ安全に進めます。届くべき {2}のうち影響を受けるのは {3}で、95 % 信頼上限は {4}（許容値 {5}"
     "）です。"},
    {"mail.advice.title", "Advice", "推奨事項"},
    {"mail.advice.unknown", "No advice: the DNS did not say what {0} publishes.",
     "推奨はできません。{0} が公開している内容を DNS から得られませんでした。"},
    {"mail.confidence.high", "high", "高"},
    {"mail.confidence.low", "low", "低"},
    {"mail.confidence.moderate", "moderate", "中"},
    {"mail.first", "First seen", "初回"},
    {"mail.kicker", "Mail report", "メールセキュリティ報告書"},
    {"mail.kind.forwarder", "forwarder", "転送"},
    {"mail.kind.mailing-list", "mailing list", "メーリングリスト"},
    {"mail.kind.own", "our own", "自組織"},
    {"mail.kind.service", "service", "配信サービス"},
    {"mail.kind.spoofing", "spoofing", "なりすまし"},
    {"mail.kind.unknown", "unknown", "不明"},
    {"mail.last", "Last seen", "最終"},
    {"mail.n.day", "1 day", "1 日"},
    {"mail.n.days", "{0} days", "{0} 日"},
    {"mail.n.message", "1 message", "1 通"},
    {"mail.n.messages", "{0} messages", "{0} 通"},
    {"mail.n.report", "1 aggregate report", "集約レポート 1 件"},
    {"mail.n.reports", "{0} aggregate reports", "集約レポート {0} 件"},
    {"mail.n.source", "1 source", "送信元 1 か所"},
    {"mail.n.sources", "{0} sources", "送信元 {0} か所"},
    {"mail.n.week", "1 week", "1 週"},
    {"mail.n.weeks", "{0} weeks", "{0} 週"},
    {"mail.posture.audited",
     "The last audit is of {0}. Checks that are good: {1}; that need attention: {2}; that are bad: {3}; that the DNS "
     "did not answer: {4}.",
     "最新の監査は {0} に行われました。良好 {1} 件、要注意 {2} 件、不備 {3} 件、DNS から回答が得られなかったもの {4} "
     "件です。"},
    {"mail.posture.check", "Check", "検査内容"},
    {"mail.posture.fact_grade", "grade of the last audit", "最新の監査の評価"},
    {"mail.posture.fact_policy", "what receivers are asked to do", "受信側に求める処理"},
    {"mail.posture.figure", "Where the policy stands", "ポリシーの段階"},
    {"mail.posture.figure_text", "Steps from no policy to reject. Reached: {0}. Next: {1}.",
     "ポリシーなしから拒否までの段階です。現在は「{0}」、次は「{1}」です。"},
    {"mail.posture.figure_text_done", "Steps from no policy to reject. Reached: {0}, the last.",
     "ポリシーなしから拒否までの段階です。現在は最終段階の「{0}」です。"},
    {"mail.posture.figure_text_stay", "Steps from no policy to reject. Reached: {0}. No next step is advised yet.",
     "ポリシーなしから拒否までの段階です。現在は「{0}」です。次の段階への移行は、まだ推奨されません。"},
    {"mail.posture.figure_text_unknown", "Steps from no policy to reject. Which one is reached is unknown.",
     "ポリシーなしから拒否までの段階です。現在の段階は不明です。"},
    {"mail.posture.found", "Found", "確認された値"},
    {"mail.posture.limits",
     "An audit tells what the DNS published when it was asked, and a report what its sender saw then; neither tells "
     "what is published now.",
     "監査が示すのは問い合わせた時点で DNS "
     "に公開されていた内容であり、レポートが示すのは送信者がその時に見た内容です。いずれも現在の公開内容とは限りませ"
     "ん。"},
    {"mail.posture.method",
     "The newest audit of the domain in the lake, check by check. Where it does not tell the policy, the one that "
     "receivers reported last.",
     "蓄積された最新の監査結果を検査ごとに示します。監査からポリシーが分からない場合は、受信側が最後に報告したものを用"
     "います。"},
    {"mail.posture.not_audited", "No audit of this domain is in the lake; 'rangewatch mail audit {0}' makes one.",
     "このドメインの監査結果はまだありません。「rangewatch mail audit {0}」で監査できます。"},
    {"mail.posture.policy_missing",
     "{0} publishes no DMARC policy: mail in its name that fails every check is delivered all the same.",
     "{0} は DMARC ポリシーを公開していません。名前をかたったメールは、あらゆる検証に失敗しても配信されます。"},
    {"mail.posture.policy_none", "The policy of {0} is p=none: mail that fails DMARC is delivered all the same.",
     "{0} のポリシーは p=none です。DMARC に失敗したメールも、そのまま配信されます。"},
    {"mail.posture.policy_quarantine",
     "The policy of {0} is p=quarantine: receivers are asked to treat mail that fails DMARC as suspicious.",
     "{0} のポリシーは p=quarantine です。DMARC "
     "に失敗したメールを不審なものとして隔離するよう、受信側に求めています。"},
    {"mail.posture.policy_reject",
     "The policy of {0} is p=reject: receivers are asked to refuse mail that fails DMARC.",
     "{0} のポリシーは p=reject です。DMARC に失敗したメールの受け取りを拒否するよう、受信側に求めています。"},
    {"mail.posture.policy_unknown", "Which policy {0} publishes is unknown: no audit and no report tells it.",
     "{0} がどのポリシーを公開しているかは不明です。監査にもレポートにも示されていません。"},
    {"mail.posture.question",
     "What does this domain publish against misuse of its name, and what does that ask of receivers?",
     "このドメインは名前の悪用を防ぐために何を公開し、受信側に何を求めているか。"},
    {"mail.posture.status", "Result", "判定"},
    {"mail.posture.table", "What the audit found", "監査の結果"},
    {"mail.posture.title", "Posture", "公開設定の状況"},
    {"mail.posture.topic", "Topic", "項目"},
    {"mail.result.delivered", "failed, delivered", "失敗・配信"},
    {"mail.result.failed", "failed", "失敗"},
    {"mail.result.other", "failed, otherwise treated", "失敗・その他の処理"},
    {"mail.result.passed", "passed", "成功"},
    {"mail.result.quarantined", "failed, quarantined", "失敗・隔離"},
    {"mail.result.rejected", "failed, rejected", "失敗・拒否"},
    {"mail.result.unknown", "result unknown", "結果不明"},
    {"mail.scope.audited", "Last audit", "最新の監査"},
    {"mail.scope.covered", "Time that reports cover", "レポートの対象期間"},
    {"mail.scope.cut", "Sources beyond a bound were not listed one by one; totals count them.",
     "上限を超えた送信元は個別に示していません。合計には含まれます。"},
    {"mail.scope.days", "Days on which reports began", "レポートのある日数"},
    {"mail.scope.domain", "Domain", "ドメイン"},
    {"mail.scope.never", "never", "なし"},
    {"mail.scope.reporters", "Reporters with most messages", "通数の多い報告元"},
    {"mail.scope.reports", "Aggregate reports", "集約レポート数"},
    {"mail.scope.title", "What was looked at", "対象とした資料"},
    {"mail.senders.addresses", "Addresses", "アドレス数"},
    {"mail.senders.count", "Receivers told of {0} in {1}; of those whose result is known, {2} passed DMARC.",
     "受信側は{1}で {0}のメールを報告しました。結果が分かっているもののうち {2} が DMARC に成功しています。"},
    {"mail.senders.delivered", "Failed, delivered", "失敗・配信"},
    {"mail.senders.fact", "messages in the domain's name", "このドメイン名で送られたメール（通）"},
    {"mail.senders.fact_aligned", "passed DMARC", "DMARC に成功"},
    {"mail.senders.fact_aligned_note", "aligned by DKIM {0}, by SPF {1}", "アライメント：DKIM {0}、SPF {1}"},
    {"mail.senders.figure", "Senders by messages, and what passed DMARC", "送信元別の通数と DMARC の結果"},
    {"mail.senders.figure_text",
     "A bar for each of the {0} senders with most messages, divided into passed and failed. The first, {1}, has {2}, "
     "of which {3} passed.",
     "通数の多い送信元 {0} 件について、成功と失敗に分けて示します。最も多い {1} は {2}で、成功は {3} です。"},
    {"mail.senders.fix", "{0} sends {1}, of which {2} pass DMARC: it has to be set up before the policy is tightened.",
     "{0} からは {1}が送られ、DMARC に成功したのは {2} です。ポリシーを強化する前に、この送信元の設定が必要です。"},
    {"mail.senders.limits",
     "Only receivers that send reports are seen, and a source is an address, not a person. Shares are of the messages "
     "whose result the reports tell.",
     "レポートを送る受信側から見えた範囲に限られます。送信元はアドレスであり、個人ではありません。割合は、結果がレポー"
     "トに示されたメールに対するものです。"},
    {"mail.senders.method",
     "Rows of aggregate reports whose time begins in the period; a report that came twice counts once. Sources are "
     "grouped by service, own domain, forwarder or network; what a source is follows from its address, the identities "
     "that passed and what receivers say. Passed: DKIM or SPF passed and is aligned, as the receiver saw it.",
     "対象期間内に始まる集約レポートの行を集計します。重複して届いたレポートは一度だけ数えます。送信元は、サービス、自"
     "ドメイン、転送元、ネットワークのいずれかでまとめます。種別は、アドレス、認証に成功した識別子、受信側の説明から判"
     "断します。成功とは、受信側から見て DKIM または SPF が成功し、かつアライメントが取れていることです。"},
    {"mail.senders.nameless", "(no source given)", "（送信元の記載なし）"},
    {"mail.senders.none", "No aggregate report about {0} is in the lake for this period.",
     "この期間について、{0} に関する集約レポートはありません。"},
    {"mail.senders.passed", "Passed DMARC", "DMARC に成功"},
    {"mail.senders.question", "Who sends mail in this domain's name, and does it authenticate?",
     "このドメインの名前で誰がメールを送り、送信ドメイン認証に成功しているか。"},
    {"mail.senders.sender", "Sender", "送信元"},
    {"mail.senders.table", "Senders, most messages first", "送信元（通数の多い順）"},
    {"mail.senders.title", "Senders", "送信元"},
    {"mail.severity.high", "high", "高"},
    {"mail.severity.info", "info", "参考"},
    {"mail.severity.low", "low", "低"},
    {"mail.severity.medium", "medium", "中"},
    {"mail.spoofing.address", "Source", "送信元アドレス"},
    {"mail.spoofing.count",
     "{0} in the domain's name came from {1} that nothing authenticates or explains. Delivered: {2}.",
     "認証されず、ほかに説明もつかない{1}から、このドメインの名前で {0}が送られました。そのうち配信されたのは {2}で"
     "す。"},
    {"mail.spoofing.country", "Country", "国"},
    {"mail.spoofing.delivered", "Delivered", "配信"},
    {"mail.spoofing.fact", "spoofed messages", "なりすましメール（通）"},
    {"mail.spoofing.fact_note", "{0} delivered", "うち配信 {0}"},
    {"mail.spoofing.failed", "DMARC failed for {0} in all; delivered: {1}, quarantined: {2}, rejected: {3}.",
     "DMARC に失敗したメールは全部で {0}でした。内訳は、配信 {1}、隔離 {2}、拒否 {3}です。"},
    {"mail.spoofing.fell", "Spoofing fell from {0} to {1} messages a day between the halves of the period.",
     "なりすましは、期間前半の 1 日 {0} 通から、後半は 1 日 {1} 通に減りました。"},
    {"mail.spoofing.figure", "Messages by day, and what became of them", "日ごとのメールの DMARC 結果と処理"},
    {"mail.spoofing.figure_text",
     "Stacked bars for {0}: messages that passed DMARC, and those that failed by what the receiver did. Most failed on "
     "{1}: {2}.",
     "{0}分の積み上げ棒で、DMARC に成功したメールと、失敗したメールの受信側での処理を示します。失敗が最も多かったのは "
     "{1} の {2}です。"},
    {"mail.spoofing.figure_text_clean", "Stacked bars for {0}: messages that passed DMARC. None failed.",
     "{0}分の積み上げ棒で、DMARC に成功したメールを示します。失敗したメールはありません。"},
    {"mail.spoofing.figure_weekly", "Messages by week, and what became of them", "週ごとのメールの DMARC 結果と処理"},
    {"mail.spoofing.finding", "Finding", "検出事項"},
    {"mail.spoofing.finding_id", "Id", "番号"},
    {"mail.spoofing.findings", "Findings about this domain", "このドメインに関する検出事項"},
    {"mail.spoofing.got_through", "Spoofed mail gets through: {0} of {1} were delivered.",
     "なりすましメールが届いています。{1}のうち {0} 通が配信されました。"},
    {"mail.spoofing.limits",
     "A source whose set-up is broken looks like a spoofer until somebody knows it; look at what it sends before you "
     "call it one. Spoofing that only receivers without reports saw is not in here.",
     "設定に不備のある正当な送信元も、確認されるまではなりすましに見えます。断定する前に、送信内容を確認してください。"
     "レポートを送らない受信側だけに届いたなりすましは含まれません。"},
    {"mail.spoofing.method",
     "Spoofing: sources that authenticate as nobody who is aligned, and that no service, forwarder or list explains. "
     "Days (UTC) are those on which the report's time begins; days without a report are marked and count in no mean. "
     "Findings are those of detectors that name this domain.",
     "なりすましとは、アライメントの取れた認証がまったくなく、配信サービス、転送、メーリングリストのいずれによっても説"
     "明"
     "がつかない送信元を指します。日付（UTC）はレポートの対象期間が始まる日です。レポートのない日は区別して示し、平均に"
     "は含めません。検出事項は、このドメインを対象とした検出器によるものです。"},
    {"mail.spoofing.months", "Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec",
     "1月,2月,3月,4月,5月,6月,7月,8月,9月,10月,11月,12月"},
    {"mail.spoofing.network", "Network", "ネットワーク"},
    {"mail.spoofing.none", "No source that the reports tell of looks like spoofing.",
     "レポートに現れた送信元に、なりすましと見られるものはありません。"},
    {"mail.spoofing.quarantined", "Quarantined", "隔離"},
    {"mail.spoofing.question", "Is this domain being spoofed, from where, and does it get through?",
     "このドメインはなりすましに使われているか。どこから送られ、届いているか。"},
    {"mail.spoofing.rejected", "Rejected", "拒否"},
    {"mail.spoofing.rose", "Spoofing rose from {0} to {1} messages a day between the halves of the period.",
     "なりすましは、期間前半の 1 日 {0} 通から、後半は 1 日 {1} 通に増えました。"},
    {"mail.spoofing.severity", "Severity", "深刻度"},
    {"mail.spoofing.table", "Sources that look like spoofing", "なりすましと見られる送信元"},
    {"mail.spoofing.title", "Spoofing", "なりすまし"},
    {"mail.spoofing.watched", "{0} came from ranges that are watched: {1}.",
     "監視対象の範囲から {0}が送られました：{1}。"},
    {"mail.status.bad", "bad", "不備"},
    {"mail.status.good", "good", "良好"},
    {"mail.status.info", "note", "参考"},
    {"mail.status.unknown", "unknown", "不明"},
    {"mail.status.warning", "attention", "要注意"},
    {"mail.step.current", "now", "現在"},
    {"mail.step.missing", "no policy", "ポリシーなし"},
    {"mail.step.next", "next", "次"},
    {"mail.step.none", "none", "none（監視のみ）"},
    {"mail.step.quarantine", "quarantine", "quarantine（隔離）"},
    {"mail.step.reject", "reject", "reject（拒否）"},
};

constexpr bool by_id(const TextLine& a, const TextLine& b) { return a.id < b.id; }
static_assert(std::is_sorted(std::begin(kLines), std::end(kLines), by_id));

}  // namespace

std::span<const TextLine> mail_texts() { return kLines; }

}  // namespace rw
