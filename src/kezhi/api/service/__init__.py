"""What programs read and do in service: tickets, complaints, requests of departments, what is promised."""
