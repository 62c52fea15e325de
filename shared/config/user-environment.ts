/**
 * The environment that user code may see: the process's own without any `MILLRACE_` variable, so
 * without the token.
 */
export function userEnvironment(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const seen: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !name.toUpperCase().startsWith("MILLRACE_")) seen[name] = value;
  }
  return seen;
}
