"""WeCom (企业微信): callbacks of the app and of customer contact in, calls out."""
