/** The version of this build of Margo; the bundler puts the package's own in. */
declare const MARGO_VERSION: string | undefined;

export const version: string = typeof MARGO_VERSION === "string" ? MARGO_VERSION : "0.0.0-source";
