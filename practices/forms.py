from django import forms


class PracticeSignupForm(forms.Form):
    pass
