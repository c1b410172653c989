// Ready-made code, as the product's pages show it, with the real host and (once) the real key.
export function requestSnippets(host, key) {
  return [
    {name: "cURL", text: `curl -X GET ${host}/api/v1/visitors \\
  -H "X-API-Key: ${key}" \\
  -H "Content-Type: application/json"`},
    {name: "JavaScript", text: `const response = await fetch("${host}/api/v1/visitors", {
  method: "GET",
  headers: {
    "X-API-Key": "${key}",
    "Content-Type": "application/json",
  },
});
const data = await response.json();
console.log(data.visitors);`},
    {name: "Python", text: `import requests

response = requests.get(
    "${host}/api/v1/visitors",
    headers={
        "X-API-Key": "${key}",
        "Content-Type": "application/json",
    },
)
data = response.json()
print(data["visitors"])`},
  ];
}

// X-Porter-Signature: the HMAC-SHA256 of the body's bytes as hex, in five languages.
export const verifySnippets = [
  {name: "JavaScript", text: `import crypto from "crypto";

function verifyWebhookSignature(body, signature, secret) {
  const expected = crypto
    .createHmac("sha256", secret)
    .update(body)
    .digest("hex");
  return crypto.timingSafeEqual(
    Buffer.from(signature),
    Buffer.from(expected)
  );
}

// body: the bytes as they came, before any JSON.parse (express.raw, not express.json).
const isValid = verifyWebhookSignature(
  rawBody,
  req.headers["x-porter-signature"],
  process.env.PORTER_WEBHOOK_SECRET
);`},
  {name: "Python", text: `import hmac
import hashlib

def verify_webhook_signature(body: bytes, signature: str, secret: str) -> bool:
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(signature, expected)

# body: request.body (Django), await request.body() (FastAPI), request.get_data() (Flask).
is_valid = verify_webhook_signature(
    request.body,
    request.headers.get("X-Porter-Signature", ""),
    os.environ["PORTER_WEBHOOK_SECRET"],
)`},
  {name: "Go", text: `func verifyWebhookSignature(body []byte, signature, secret string) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	got, err := hex.DecodeString(signature)
	return err == nil && hmac.Equal(got, mac.Sum(nil))
}

// body, _ := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
// verifyWebhookSignature(body, r.Header.Get("X-Porter-Signature"), os.Getenv("PORTER_WEBHOOK_SECRET"))`},
  {name: "PHP", text: `<?php
$body = file_get_contents('php://input');
$signature = $_SERVER['HTTP_X_PORTER_SIGNATURE'] ?? '';
$expected = hash_hmac('sha256', $body, getenv('PORTER_WEBHOOK_SECRET'));

if (!hash_equals($expected, $signature)) {
    http_response_code(401);
    exit;
}`},
  {name: "Ruby", text: `require "openssl"

def verify_webhook_signature(body, signature, secret)
  expected = OpenSSL::HMAC.hexdigest("SHA256", secret, body)
  OpenSSL.fixed_length_secure_compare(expected, signature)
rescue ArgumentError # Of another length.
  false
end

# body: request.raw_post
verify_webhook_signature(request.raw_post, request.headers["X-Porter-Signature"].to_s, ENV.fetch("PORTER_WEBHOOK_SECRET"))`},
];
