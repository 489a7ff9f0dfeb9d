// Carries the precompiled headers of trees under sanitizers, and nothing of its own.
int main() { return 0; }
