/* SPDX-License-Identifier: Apache-2.0 */
const char *greet(void);

const char *greet(void)
{
	return "greetings";
}
