"""How Django is asked about each kind of entry: what is wrong, or None."""

from importlib import import_module
from types import SimpleNamespace

from django.conf import settings
from django.contrib.auth import authenticate, get_user
from django.contrib.auth.hashers import check_password, identify_hasher
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.http import HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.test import RequestFactory
from django.utils.http import urlsafe_base64_decode
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_api_key.models import APIKey
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, SlidingToken

import knox

SessionStore = import_module(settings.SESSION_ENGINE).SessionStore
TOKEN_CLASSES = {cls.token_type: cls for cls in (AccessToken, RefreshToken, SlidingToken)}


def differs(name, expected, actual):
    return None if expected == actual else f"{name} is {actual!r}, not {expected!r}"


def accepted(entry, answer):
    return differs("accepted", entry.get("accepted", True), bool(answer))


def check_user_password(entry):
    user = User.objects.get(username=entry["username"])
    algorithm = identify_hasher(user.password).algorithm
    fault = differs("algorithm", entry.get("algorithm", algorithm), algorithm)
    return fault or accepted(entry, authenticate(username=entry["username"], password=entry["password"]))


def check_hash(entry):
    return accepted(entry, check_password(entry["password"], entry["encoded"]))


def check_user(entry):
    user = User.objects.get(username=entry["username"])
    found = {name: getattr(user, name) for name in entry["fields"]}
    return differs("fields", entry["fields"], found)


def check_session(entry):
    session = SessionStore(session_key=entry["session_key"])
    data = {name: session.get(name) for name in entry.get("data", {})}
    fault = differs("data", entry.get("data", {}), data)
    return fault or differs("user", entry["user_id"], get_user(SimpleNamespace(session=session)).pk)


def check_drf_token(entry):
    try:
        user, _ = TokenAuthentication().authenticate_credentials(entry["key"])
    except AuthenticationFailed:
        return accepted(entry, False)
    return accepted(entry, True) or differs("user", entry["user_id"], user.pk)


def check_knox_token(entry):
    user = knox.user_of(entry["token"])
    return accepted(entry, user) or (user and differs("user", entry["user_id"], user.pk))


def check_api_key(entry):
    return accepted(entry, APIKey.objects.is_valid(entry["key"]))


def check_jwt(entry):
    try:
        token = TOKEN_CLASSES[entry["type"]](entry["token"])
    except TokenError:
        return accepted(entry, False)
    claims = {name: token.get(name) for name in entry.get("claims", {})}
    fault = differs("user", entry["user_id"], token["user_id"]) or differs("claims", entry.get("claims", {}), claims)
    return accepted(entry, True) or fault


def check_reset_token(entry):
    user = User.objects.get(pk=urlsafe_base64_decode(entry["uid"]).decode())
    return accepted(entry, default_token_generator.check_token(user, entry["token"]))


def check_signed(entry):
    try:
        value = signing.loads(entry["signed"], salt=entry["salt"], max_age=entry.get("max_age"))
    except signing.BadSignature:
        return accepted(entry, False)
    return accepted(entry, True) or differs("value", entry["value"], value)


def check_signed_cookie(entry):
    request = RequestFactory().get("/")
    request.COOKIES[entry["name"]] = entry["cookie_value"]
    try:
        value = request.get_signed_cookie(entry["name"], salt=entry["salt"])
    except signing.BadSignature:
        return accepted(entry, False)
    return accepted(entry, True) or differs("value", entry["value"], value)


def check_csrf(entry):
    request = RequestFactory(enforce_csrf_checks=True).post("/", HTTP_X_CSRFTOKEN=entry["token"])
    request.COOKIES["csrftoken"] = entry["cookie"]
    middleware = CsrfViewMiddleware(lambda _request: HttpResponse())
    middleware.process_request(request)
    return accepted(entry, middleware.process_view(request, HttpResponse, (), {}) is None)


def check_permission(entry):
    user = User.objects.get(pk=entry["user_id"])
    return differs("has", entry["has"], user.has_perm(entry["permission"]))


# A log in stores a new hash where the old one is outdated, and that ends sessions and reset tokens: it comes last.
CHECKS = {
    "hashes": check_hash,
    "users": check_user,
    "sessions": check_session,
    "drf_tokens": check_drf_token,
    "knox_tokens": check_knox_token,
    "api_keys": check_api_key,
    "jwts": check_jwt,
    "reset_tokens": check_reset_token,
    "signed": check_signed,
    "signed_cookies": check_signed_cookie,
    "csrf": check_csrf,
    "permissions": check_permission,
    "passwords": check_user_password,
}
