-- What the milter answers, message by message:  miltertest -s tests/mail/milter.lua -D socket=… -D case=…
-- Cases stand for options that the filter was started with: see tests/mail/milter.

local failures = 0

local function check(ok, what)
  if not ok then
    failures = failures + 1
    mt.echo("failed: " .. case .. ": " .. what)
  end
end

-- Sends one message and returns the last reply. `m` overrides what an ordinary message has.
local function send(m)
  local conn = m.conn or mt.connect(socket, 40, 0.05)
  if conn == nil then error("cannot connect to " .. socket) end
  if m.conn == nil then
    mt.conninfo(conn, "client.example", m.client or "192.0.2.1")
    if m.stop_after_connect then return mt.getreply(conn), conn end
    mt.helo(conn, "mx.good.example")
  end
  if m.login then
    mt.macro(conn, SMFIC_MAIL, "i", "QUEUE1", "{auth_authen}", m.login)
  else
    mt.macro(conn, SMFIC_MAIL, "i", "QUEUE1")
  end
  mt.mailfrom(conn, m.mail_from or ("<alice@" .. (m.domain or "good.example") .. ">"))
  if m.login then return mt.getreply(conn), conn end
  mt.rcptto(conn, "<bob@our.example>")
  for _, field in ipairs(m.before or {}) do mt.header(conn, field[1], field[2]) end
  mt.header(conn, "From", m.from or ("Alice <alice@" .. (m.domain or "good.example") .. ">"))
  mt.header(conn, "To", "bob@our.example")
  mt.header(conn, "Subject", "two\n lines")
  mt.header(conn, "Date", "Tue, 14 Nov 2023 22:13:20 +0000")
  mt.header(conn, "Message-ID", m.id or "<1@good.example>")
  if m.abort then
    mt.abort(conn)
    return nil, conn
  end
  mt.eoh(conn)
  for _ = 1, m.pieces or 1 do mt.bodystring(conn, m.body or "Hello\r\n") end
  mt.eom(conn)
  return mt.getreply(conn), conn
end

local function results(conn) return mt.getheader(conn, "Authentication-Results", 0) or "" end
local function has(conn, text, what) check(results(conn):find(text, 1, true) ~= nil, what .. ": " .. results(conn)) end
local function accepted(reply) return reply == SMFIR_CONTINUE or reply == SMFIR_ACCEPT end

local cases = {}

function cases.default()
  local reply, conn = send({})
  check(accepted(reply), "an ordinary message is not let through")
  check(mt.eom_check(conn, MT_HDRINSERT, "Authentication-Results"), "no Authentication-Results")
  has(conn, "mx.our.example", "authserv-id")
  has(conn, "spf=pass", "SPF")
  has(conn, "dmarc=pass", "DMARC")
  check(not mt.eom_check(conn, MT_HDRDELETE), "a field was removed")

  -- A second message over the same connection, behind an aborted one.
  send({ conn = conn, abort = true, domain = "strict.example" })
  reply = send({ conn = conn, id = "<2@good.example>" })
  check(accepted(reply), "the message behind an aborted one")
  mt.disconnect(conn)

  -- RFC 8601 5: who writes our name outside is a forger.
  reply, conn = send({ before = {
    { "Authentication-Results", "mx.our.example; dmarc=pass header.from=bank.example" },
    { "Authentication-Results", "other.example; spf=fail" },
    { "authentication-results", "MX.Our.Example;\n\tdkim=pass header.d=bank.example" },
  } })
  check(accepted(reply), "forged fields")
  check(mt.eom_check(conn, MT_HDRDELETE, "Authentication-Results"), "forged Authentication-Results stay")
  mt.disconnect(conn)

  reply, conn = send({ before = { { "Authentication-Results", "other.example; spf=fail" } } })
  check(not mt.eom_check(conn, MT_HDRDELETE), "a field of somebody else was removed")
  mt.disconnect(conn)

  -- Never by default: not even for a policy of reject.
  reply, conn = send({ domain = "strict.example", client = "198.51.100.7" })
  check(accepted(reply), "refused without --reject")
  has(conn, "dmarc=fail", "DMARC of a forgery")
  check(not mt.eom_check(conn, MT_QUARANTINE), "on hold without --quarantine")
  mt.disconnect(conn)

  -- What could not be asked is neither pass nor fail.
  reply, conn = send({ domain = "broken.example" })
  check(accepted(reply), "a DNS failure stops mail")
  has(conn, "spf=temperror", "SPF of a broken zone")
  mt.disconnect(conn)

  -- Bounces, clients without an address, and IPv6.
  reply, conn = send({ mail_from = "<>" })
  check(accepted(reply), "a bounce")
  has(conn, "spf=pass", "SPF of HELO")
  mt.disconnect(conn)
  reply, conn = send({ client = "unspec" })
  check(accepted(reply), "a client without address")
  has(conn, "spf=none", "SPF without address")
  mt.disconnect(conn)

  -- Our own machine and our own users.
  reply, conn = send({ client = "127.0.0.1", stop_after_connect = true })
  check(reply == SMFIR_ACCEPT, "loopback is checked")
  mt.disconnect(conn)
  reply, conn = send({ login = "alice" })
  check(reply == SMFIR_ACCEPT, "a user who logged in is checked")
  mt.disconnect(conn)

  -- Two authors: a verdict, no crash.
  reply, conn = send({ before = { { "From", "x@strict.example" } } })
  check(accepted(reply), "two From fields")
  mt.disconnect(conn)
  reply, conn = send({ from = "alice@good.example>" })
  check(accepted(reply), "an author that cannot be read")
  mt.disconnect(conn)
end

function cases.strict() -- --reject --quarantine
  local reply, conn = send({ domain = "strict.example", client = "198.51.100.7" })
  check(reply == SMFIR_REPLYCODE, "not refused: " .. tostring(reply))
  mt.disconnect(conn)
  reply, conn = send({ domain = "careful.example", client = "198.51.100.7" })
  check(accepted(reply), "a message on hold is taken first")
  check(mt.eom_check(conn, MT_QUARANTINE), "not on hold")
  mt.disconnect(conn)
  reply, conn = send({ domain = "open.example", client = "198.51.100.7" })
  check(accepted(reply), "p=none refused")
  check(not mt.eom_check(conn, MT_QUARANTINE), "p=none on hold")
  mt.disconnect(conn)
  reply, conn = send({})
  check(accepted(reply), "a good message refused")
  mt.disconnect(conn)
  reply, conn = send({ domain = "broken.example" })
  check(accepted(reply), "a DNS failure refused")
  mt.disconnect(conn)
end

function cases.small() -- --max-message 64Ki --reject
  local signature = "v=1; a=rsa-sha256; d=strict.example; s=s; h=from; bh=AAAA; b=AAAA"
  local reply, conn = send({
    domain = "strict.example", client = "198.51.100.7", pieces = 3, body = string.rep("x", 30000) .. "\r\n",
    before = { { "DKIM-Signature", signature } },
  })
  check(accepted(reply), "a cut message is refused for a signature that cannot be checked")
  has(conn, "dkim=neutral", "DKIM of a cut message")
  mt.disconnect(conn)
end

function cases.open() -- the clock is missing: an internal error
  local reply, conn = send({ before = { { "Authentication-Results", "mx.our.example; dmarc=pass" } } })
  check(accepted(reply), "an internal error stops mail")
  check(not mt.eom_check(conn, MT_HDRINSERT), "results without a check")
  check(mt.eom_check(conn, MT_HDRDELETE, "Authentication-Results"), "forged results stay when checking fails")
  mt.disconnect(conn)
end

function cases.closed()
  local reply, conn = send({})
  check(reply == SMFIR_REPLYCODE or reply == SMFIR_TEMPFAIL, "an internal error lets mail through: " .. tostring(reply))
  mt.disconnect(conn)
end

cases[case]()
if failures > 0 then error(failures .. " checks failed") end
