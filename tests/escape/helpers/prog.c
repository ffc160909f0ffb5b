/* SPDX-License-Identifier: Apache-2.0 */
/* The program that a guest must not be able to run. */
int main(void)
{
	return 42;
}
