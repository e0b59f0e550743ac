"""The works in Django REST framework itself, as one WSGI application."""
import os
from urllib.parse import urlsplit

from django.conf import settings

WORK = os.environ["BENCH_WORK"]
DATABASE = urlsplit(os.environ["BENCH_DATABASE_URL"])

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    SECRET_KEY="signs nothing here",
    ROOT_URLCONF="app",
    USE_TZ=True,
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "rest_framework",
        "rest_framework.authtoken",
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": DATABASE.hostname,
            "PORT": DATABASE.port,
            "NAME": DATABASE.path[1:],
            "USER": DATABASE.username,
            "PASSWORD": DATABASE.password,
            "CONN_MAX_AGE": None,
        }
    },
    CACHES={
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 20_000},
        }
    },
    REST_FRAMEWORK={"DEFAULT_THROTTLE_RATES": {"user": "1000/min"}},
)

import django

django.setup()

from django.contrib.auth.models import User
from django.core.wsgi import get_wsgi_application
from django.urls import path
from rest_framework import serializers
from rest_framework.authentication import TokenAuthentication
from rest_framework.authtoken.models import Token
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView


def tokens_in_memory():
    for number in range(1, 10_001):
        user = User(id=number, username=f"user{number}")
        yield f"{number:040x}", Token(key=f"{number:040x}", user=user)


class MemoryTokenAuthentication(TokenAuthentication):
    tokens = {} if WORK == "W5" else dict(tokens_in_memory())

    def authenticate_credentials(self, key):
        token = self.tokens.get(key)
        if token is None:
            raise AuthenticationFailed("Invalid token.")
        return token.user, token


class Guarded(APIView):
    authentication_classes = [TokenAuthentication if WORK == "W5" else MemoryTokenAuthentication]
    permission_classes = [IsAuthenticated]
    throttle_classes = [UserRateThrottle]


class Hello(APIView):
    authentication_classes = []

    def get(self, request):
        return Response({"message": "hello"})


class Me(Guarded):
    def get(self, request):
        return Response({"user": request.user.username, "auth": request.auth.key})


class Item(serializers.Serializer):
    title = serializers.CharField(max_length=100)
    email = serializers.EmailField()
    count = serializers.IntegerField(min_value=0)
    tags = serializers.ListField(child=serializers.CharField())
    description = serializers.CharField(max_length=2000)


class Items(Guarded):
    def post(self, request):
        item = Item(data=request.data)
        item.is_valid(raise_exception=True)
        return Response(item.data)


class Resource(APIView):
    authentication_classes = []

    def get(self, request, id):
        return Response({"id": id})


resources = range(500) if WORK == "W4" else []
urlpatterns = [path(f"api/resource{i}/<id>", Resource.as_view()) for i in resources]
urlpatterns += [path("hello", Hello.as_view()), path("me", Me.as_view()), path("items", Items.as_view())]
application = get_wsgi_application()
