"""The command line: `serve`, `stop` and `remove-database` here, everything else is a Django command of some app."""

import argparse
import os
import signal
import sys

from shuzhi import postgres, serve

OWN = """shuzhi serve [--host HOST] [--port PORT] [--workers N]   启动网站和后台任务 / the web site and its jobs
shuzhi stop                                              停止网站和自带的数据库 / stop both and the own database
shuzhi remove-database --yes                             删除自带的数据库 / delete the own database for good
"""


def main() -> None:
    from django.core.management.base import CommandError

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shuzhi.settings")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an orderly end, which gives up the database
    command, *rest = sys.argv[1:] or ["help"]
    try:
        match command:
            case "serve":
                sys.exit(_serve(rest))
            case "stop":
                sys.exit(_stop(rest))
            case "remove-database":
                sys.exit(_remove(rest))
            case "bench":
                os.environ["SHUZHI_BENCH"] = "1"  # before the settings are read
        if command in ("help", "--help", "-h") and not rest:
            print(OWN)
        from django.core.management import execute_from_command_line

        execute_from_command_line([sys.argv[0], command, *rest])
    except (postgres.PostgresUnavailable, CommandError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _serve(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="shuzhi serve", description="启动网站和后台任务，Ctrl-C 停止")
    parser.add_argument("--host", default=serve.HOST, help="监听地址（默认 %(default)s，只有本机能访问）")
    parser.add_argument("--port", type=int, default=serve.PORT, help="端口（默认 %(default)s）")
    parser.add_argument("--workers", type=int, default=None, help="网页进程数（默认每个 CPU 核一个）")
    options = parser.parse_args(arguments)
    return serve.serve(options.host, options.port, options.workers)


def _stop(arguments: list[str]) -> int:
    argparse.ArgumentParser(prog="shuzhi stop", description="停止网站和自带的数据库").parse_args(arguments)
    from django.conf import settings

    sites = serve.stop_all(settings.HOME)
    if settings.DATABASES["default"].get("EMBEDDED") and not postgres.Cluster(settings.HOME).stop():
        print(
            "数据库一分钟内没有停下来，请查看日志 / PostgreSQL did not stop within a minute", file=sys.stderr
        )
        return 1
    print(f"已停止（网站 {sites} 个） / stopped")
    return 0


def _remove(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="shuzhi remove-database", description="删除自带的数据库，不能恢复")
    parser.add_argument("--yes", action="store_true", help="确认删除全部数据")
    options = parser.parse_args(arguments)
    from django.conf import settings

    if not settings.DATABASES["default"].get("EMBEDDED"):
        print(
            "DATABASE_URL 指定的数据库不归本程序管理，请在数据库服务器上删除 / not ours to remove",
            file=sys.stderr,
        )
        return 1
    cluster = postgres.Cluster(settings.HOME)
    if not options.yes:
        print(
            f"将删除 {cluster.folder} 中的全部数据，确认请加 --yes / add --yes to delete it for good",
            file=sys.stderr,
        )
        return 1
    if not cluster.remove():
        print("还有程序在使用数据库，请先运行 shuzhi stop / in use: run `shuzhi stop` first", file=sys.stderr)
        return 1
    print(f"已删除 {cluster.folder} / removed")
    return 0
