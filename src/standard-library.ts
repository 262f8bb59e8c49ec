/**
 * The text of std/ by module name, for places without a file system. The bundler puts it in; in the sources it
 * is read by whoever runs them, through a host.
 */
declare const MARGO_STANDARD_LIBRARY: Readonly<Record<string, string>> | undefined;

export const standardLibrary: Readonly<Record<string, string>> =
  typeof MARGO_STANDARD_LIBRARY === "undefined" ? {} : MARGO_STANDARD_LIBRARY;
