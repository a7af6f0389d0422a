"""What exported web pages are made of: `page/` is ours, `vendor/` holds libraries of others."""
