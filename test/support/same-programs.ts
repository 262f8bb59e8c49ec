/**
 * Random programs are the same in every run, so that a failure can be had again and a change is judged by
 * itself. `MARGO_SEED=7 npm test` looks at others; what it finds becomes a case of its own.
 */
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env["MARGO_SEED"] ?? 2016) });
