"""Doors of this app: the first start, the administrator's pages, the member register."""
