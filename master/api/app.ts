import express, { type Express, type NextFunction, type Request, type Response } from "express";
import { fault } from "#shared/errors/fault";
import { ApiContext, type ApiOptions } from "./context.js";
import { answerHeaders, requestIds, requireLocalCaller, requireToken } from "./guard.js";
import { problemHandler } from "./problem.js";
import { routesOf, type Route } from "./routes.js";

/** A job may name 10,000 inputs of 4,096 characters. */
const jsonBytesMax = 48 * 1024 * 1024;

/** The REST interface as an express application; it listens nowhere by itself. */
export function createApp(options: ApiOptions): Express {
  const { token, log, metrics } = options;
  const api = new ApiContext(options);
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", "simple");
  app.use(requestIds, answerHeaders);
  app.use((request: Request, response: Response, next: NextFunction) => {
    response.once("finish", () => {
      metrics.httpRequests.inc({ method: request.method, status: String(response.statusCode) });
    });
    next();
  });

  const routes = routesOf(api);
  for (const route of routes) if (route.isOpen === true) addRoute(app, api, route);
  app.use(requireLocalCaller(token), requireToken(token));
  app.use((_request: Request, _response: Response, next: NextFunction) => {
    if (api.coordinator.isReady) next();
    else next(fault("MR_NOT_READY", "the master is starting or stopping"));
  });
  for (const route of routes) if (route.isOpen !== true) addRoute(app, api, route);
  app.use((request: Request, _response: Response, next: NextFunction) => {
    const { method, path } = request;
    next(fault("MR_ROUTE_NOT_FOUND", "there is no such route", { method, path }));
  });
  app.use(problemHandler(log));
  return app;
}

function addRoute(app: Express, api: ApiContext, route: Route): void {
  const handle = (request: Request, response: Response) => route.handle(api, request, response);
  if (route.method === "post") {
    const parse = express.json({ limit: jsonBytesMax, type: "application/json" });
    app.post(route.path, requireJson, parse, handle);
  } else app[route.method](route.path, handle);
}

/** A body of another type would otherwise look like none at all. */
function requireJson(request: Request, _response: Response, next: NextFunction): void {
  const type = request.get("content-type");
  const hasBody = request.get("transfer-encoding") !== undefined;
  const isEmpty = !hasBody && Number(request.get("content-length") ?? 0) === 0;
  if (isEmpty || request.is("application/json") !== false) next();
  else {
    next(
      fault("MR_CONTENT_TYPE_UNSUPPORTED", "the body must be JSON", {
        contentType: type ?? null,
        allowed: "application/json",
      }),
    );
  }
}
