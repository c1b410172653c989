"""Both webhook signatures, computed independently of the services."""
import base64
import hashlib
import hmac


def porter(body, secret):
    """X-Porter-Signature: the secret string's own bytes are the key."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def standard(body, secret, message_id, timestamp):
    """webhook-signature (Standard Webhooks): the key is what follows whsec_, base64-decoded."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
