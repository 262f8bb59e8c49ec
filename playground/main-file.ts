/** The name of the one file that is edited. */
export const mainFile = "main.margo";
