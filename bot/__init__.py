"""熟客 (Shuke): a WeChat bot service that keeps a small merchant's regulars."""
