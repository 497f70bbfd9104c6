#include <stdio.h>

int main(void)
{
    puts("rcx " RCX_VERSION);
    return 0;
}
