import { faultCodes, type FaultCode } from "#shared/errors/codes";
import { fault, type Fault } from "#shared/errors/fault";
import { problemSchema } from "./types.js";

/** What an answer without a known code means, by its status. */
const codeOfStatus: Readonly<Record<number, FaultCode>> = {
  400: "MR_REQUEST_INVALID",
  401: "MR_TOKEN_MISSING",
  403: "MR_TOKEN_WRONG",
  404: "MR_ROUTE_NOT_FOUND",
  409: "MR_OBJECT_CHANGED",
  413: "MR_REQUEST_INVALID",
  429: "MR_MEMORY_EXHAUSTED",
  502: "MR_MASTER_UNREACHABLE",
  503: "MR_MASTER_UNREACHABLE",
  504: "MR_TIMED_OUT",
  507: "MR_DISK_FULL",
};

/** The fault that an error answer stands for: code and kind as on the master. */
export function faultOfAnswer(status: number, body: string): Fault {
  const parsed = problemSchema.safeParse(parseJson(body));
  if (!parsed.success) {
    // Not our master, or something between: a proxy, another program on that port.
    const code = codeOfStatus[status] ?? "MR_INTERNAL";
    return fault(code, "the answer is an error without a reason", {
      status,
      body: body.slice(0, 200),
    });
  }
  const { code, detail, errors } = parsed.data;
  const fields = (errors ?? []).map((each) => `\n  ${each.field}: ${each.detail}`).join("");
  return fault(isFaultCode(code) ? code : (codeOfStatus[status] ?? "MR_INTERNAL"), detail + fields);
}

function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(faultCodes, code);
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
