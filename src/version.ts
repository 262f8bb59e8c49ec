/** The version, which the bundler puts in from the package. */
declare const MARGO_VERSION: string | undefined;

/** The version of this build of Margo, as its package has it: `1.2.3`. */
export const version: string = typeof MARGO_VERSION === "string" ? MARGO_VERSION : "0.0.0-source";
