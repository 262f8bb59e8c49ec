/** The few terminal styles that messages use. */
export const bold = (text: string): string => `\u001b[1m${text}\u001b[22m`;
export const dim = (text: string): string => `\u001b[2m${text}\u001b[22m`;
export const red = (text: string): string => `\u001b[31m${text}\u001b[39m`;
export const green = (text: string): string => `\u001b[32m${text}\u001b[39m`;
export const yellow = (text: string): string => `\u001b[33m${text}\u001b[39m`;
export const cyan = (text: string): string => `\u001b[36m${text}\u001b[39m`;
