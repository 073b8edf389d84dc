"""What the judge counts with: intervals, medians, and which finding answers which label."""
import math
import re

# How a label of the manifests begins, and the detector that should say so.
EXPECTED = (
    ("dns-tunnel: ", "dns-tunnel"),
    ("mining: stratum", "mining-pool"),
    ("mining: monero p2p", "coin-node"),
    ("bitcoin p2p", "coin-node"),
    ("vpn: ", "vpn"),
    ("tor", "tor"),
    ("irc", "irc"),
    ("exposed-service: ", "exposed-service"),
    ("proxy: ", "proxy"),
    ("legacy-plugin: ", "legacy-plugin"),
)
# Of detection.md and the issue: everything that one of these says about a benign file is a false incident.
JUDGED = ("dns-tunnel", "mining-pool", "coin-node", "vpn", "tor", "proxy", "irc", "exposed-service", "legacy-plugin", "beacon", "list-match")


def expected(label):
    """(detector, tool) of a label, or (None, None)."""
    for beginning, detector in EXPECTED:
        if label == beginning or label.startswith(beginning) and (beginning.endswith(" ") or not label[len(beginning) : len(beginning) + 1].isalnum()):
            tool = re.split(r"[:,(]| on ports?\b| tcp\b", label.split(": ", 1)[-1])[0].strip()
            return detector, tool
    return None, None


def is_benign(label):
    return label.startswith("benign:")


def port_only(finding):
    return finding["evidence"] == ["port"] and finding["confidence"] == "low"


def counts(finding):
    """Whether a finding is an incident: a class that is told as benign is none, nor is a guess from a port alone."""
    return finding["detector"] in JUDGED and not port_only(finding) and finding["title"] != "Data exchange over DNS"


def wilson(hits, total, z=1.959964):
    """95 % interval of a share."""
    if total == 0:
        return (0.0, 1.0)
    share = hits / total
    middle = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return max(0.0, (middle - half) / (1 + z * z / total)), min(1.0, (middle + half) / (1 + z * z / total))


def poisson_upper(events):
    """The 95 % upper bound of a Poisson mean of which `events` were seen (exact, by bisection)."""
    low, high = 0.0, 20.0 + 3 * events
    for _ in range(60):
        mean = (low + high) / 2
        below = sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(events + 1))
        low, high = (mean, high) if below > 0.05 else (low, mean)
    return high


def share_text(hits, total):
    if total == 0:
        return "none to find"
    low, high = wilson(hits, total)
    return f"{hits} of {total} ({100 * low:.0f} to {100 * high:.0f} %)"


def median(values):
    values = sorted(values)
    if not values:
        return None
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2
