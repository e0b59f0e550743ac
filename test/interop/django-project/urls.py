"""The routes that both sides offer; see ../beside/app.ts for the other one."""

from django.urls import path
from rest_framework.authentication import BasicAuthentication, SessionAuthentication, TokenAuthentication
from rest_framework.authtoken.views import obtain_auth_token
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.views import token_obtain_pair, token_refresh

import views

SESSION = {"authentication_classes": [SessionAuthentication]}

urlpatterns = [
    path("csrf/", views.csrf),
    path("login/", views.log_in),
    path("logout/", views.log_out),
    path("session/", views.Who.as_view(**SESSION)),
    path("basic/", views.Who.as_view(authentication_classes=[BasicAuthentication])),
    path("token/", views.Who.as_view(authentication_classes=[TokenAuthentication])),
    path("jwt/", views.Who.as_view(authentication_classes=[JWTAuthentication])),
    path("password/", views.Password.as_view(**SESSION)),
    path("values/", views.Values.as_view(**SESSION)),
    path("may/", views.May.as_view(**SESSION)),
    path("users/", views.Users.as_view()),
    path("grant/", views.Grant.as_view()),
    path("reset/", views.Reset.as_view()),
    path("token/obtain/", obtain_auth_token),
    path("jwt/obtain/", token_obtain_pair),
    path("jwt/refresh/", token_refresh),
]
