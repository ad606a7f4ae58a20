"""The doctor: looks at everything between us and a guest's phone, and says of each thing how it is and what to do next.

One module per section; each check is a small coroutine that returns findings and changes nothing.
"""
