import threading
def test_a(postgres_database):
    print("x"); open("/tmp/zz_ready","a").write("x")
    threading.Event().wait(100)
def test_b(postgres_database):
    test_a(postgres_database)
