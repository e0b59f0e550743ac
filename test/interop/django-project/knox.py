"""What knox 5 does with its table. The package itself is not in Debian."""

from hashlib import sha512

from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone


class AuthToken(models.Model):
    digest = models.CharField(max_length=128, primary_key=True)
    token_key = models.CharField(max_length=25)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    created = models.DateTimeField()
    expiry = models.DateTimeField(null=True)

    class Meta:
        app_label = "knox"
        db_table = "knox_authtoken"
        managed = False


def user_of(token):
    """The user of a clear token, or None where knox refuses it."""
    digest = sha512(token.encode()).hexdigest()
    for row in AuthToken.objects.filter(token_key=token[:15]):
        expired = row.expiry is not None and row.expiry < timezone.now()
        if row.digest == digest and not expired:
            return row.user if row.user.is_active else None
    return None
