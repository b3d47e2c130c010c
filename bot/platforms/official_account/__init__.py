"""WeChat Official Accounts (公众号, 服务号): callbacks in, calls out."""
