"""What a small project does with users, sessions and permissions."""

import json

from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.contrib.auth.models import Group, Permission, User
from django.contrib.auth.tokens import default_token_generator
from django.http import JsonResponse
from django.middleware.csrf import get_token
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView


def csrf(request):
    return JsonResponse({"csrfToken": get_token(request)})


def log_in(request):
    user = authenticate(request, **json.loads(request.body))
    if user is None:
        return JsonResponse({}, status=400)
    login(request, user)
    return csrf(request)


def log_out(request):
    logout(request)
    return JsonResponse({})


class Who(APIView):
    permission_classes = [IsAuthenticated]

    def get(self, request):
        return Response({"user": request.user.pk})


class Password(APIView):
    permission_classes = [IsAuthenticated]

    def post(self, request):
        request.user.set_password(request.data["password"])
        request.user.save()
        update_session_auth_hash(request, request.user)
        return Response({})


class Values(APIView):
    """What the session remembers, but for what belongs to the log in."""

    def get(self, request):
        return Response({name: value for name, value in request.session.items() if not name.startswith("_")})

    def post(self, request):
        request.session.update(request.data)
        return Response({})


class May(APIView):
    permission_classes = [IsAuthenticated]

    def get(self, request):
        return Response({"may": request.user.has_perm(request.query_params["permission"])})


class Users(APIView):
    """Makes users, and changes their marks."""

    authentication_classes = []

    def post(self, request):
        user = User.objects.create_user(**request.data)
        return Response({"id": user.pk, "username": user.username})

    def patch(self, request):
        username = request.data["username"]
        marks = {name: value for name, value in request.data.items() if name != "username"}
        return Response({"changed": User.objects.filter(username=username).update(**marks)})


class Grant(APIView):
    """Grants a permission to a user, or to a group that the user joins."""

    authentication_classes = []

    def post(self, request):
        user = User.objects.get(username=request.data["username"])
        app_label, codename = request.data["permission"].split(".")
        permission = Permission.objects.get(codename=codename, content_type__app_label=app_label)
        if "group" in request.data:
            group = Group.objects.create(name=request.data["group"])
            group.permissions.add(permission)
            user.groups.add(group)
        else:
            user.user_permissions.add(permission)
        return Response({})


class Reset(APIView):
    """Makes a link for a user who has forgotten the password, and takes the password from such a link."""

    authentication_classes = []

    def get(self, request):
        user = User.objects.get(username=request.query_params["username"])
        uid = urlsafe_base64_encode(str(user.pk).encode())
        return Response({"uid": uid, "token": default_token_generator.make_token(user)})

    def post(self, request):
        user = User.objects.get(pk=urlsafe_base64_decode(request.data["uid"]).decode())
        if not default_token_generator.check_token(user, request.data["token"]):
            return Response({}, status=400)
        user.set_password(request.data["password"])
        user.save()
        return Response({})
