import { randomUUID } from "node:crypto";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import { checkBearer } from "#master/coordinate/access";
import { fault } from "#shared/errors/fault";

const requestIdPattern = /^[\x21-\x7e]{1,100}$/;
const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);
const loopbackNames = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Gives every request an id, the client's own if it sent a sane one, and answers with it. */
export function requestIds(request: Request, response: Response, next: NextFunction): void {
  const given = request.get("x-request-id");
  const id = given !== undefined && requestIdPattern.test(given) ? given : randomUUID();
  response.locals["requestId"] = id;
  response.setHeader("X-Request-Id", id);
  next();
}

/** Answers are data: nothing is to guess at, frame or keep them. */
export function answerHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Cache-Control", "no-store");
  response.setHeader("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  next();
}

export function requireToken(token: string | null): RequestHandler {
  return (request, _response, next) => {
    const access = checkBearer(token, request.get("authorization"));
    if (access === "granted") next();
    else if (access === "missing") {
      next(fault("MR_TOKEN_MISSING", "this needs the header Authorization: Bearer <token>"));
    } else next(fault("MR_TOKEN_WRONG", "the token is not the cluster's token"));
  };
}

/**
 * Without a token only this machine is trusted, and a browser on it may be led by a strange page:
 * a name that was re-pointed to loopback shows in `Host`, a strange page in `Origin`.
 */
export function requireLocalCaller(token: string | null): RequestHandler {
  return (request, _response, next) => {
    const host = request.get("host") ?? "";
    const name = host.replace(/:\d+$/, "").toLowerCase();
    if (token === null && !loopbackNames.has(name)) {
      next(
        fault("MR_ORIGIN_REFUSED", "header Host must name this machine when there is no token", {
          host,
          allowed: [...loopbackNames].join(", "),
        }),
      );
      return;
    }
    if (!safeMethods.has(request.method) && isCrossSite(request, host)) {
      next(
        fault("MR_ORIGIN_REFUSED", "pages of another origin may not change anything", {
          origin: request.get("origin") ?? null,
        }),
      );
      return;
    }
    next();
  };
}

function isCrossSite(request: Request, host: string): boolean {
  const site = request.get("sec-fetch-site");
  // `cors` requests of Node's own fetch carry no Sec-Fetch-Site; browsers always send it.
  if (site !== undefined && site !== "same-origin" && site !== "none") return true;
  const origin = request.get("origin");
  if (origin === undefined) return false;
  return origin !== `http://${host}` && origin !== `https://${host}`;
}
