"""What can be found out about a message, as data: one table per stage of its way, English and Hebrew. No code here."""
